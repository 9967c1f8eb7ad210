// The one translation unit that compiles the separately compilable parts of
// Boost: Asio, its TLS streams, Process v2, JSON and URL.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/json/src.hpp>
#include <boost/process/v2/src.hpp>
#include <boost/url/src.hpp>
