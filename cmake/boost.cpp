// The one translation unit that compiles the separately compilable parts of
// Boost: Asio, its TLS streams, and Process v2.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/process/v2/src.hpp>
