// SPDX-License-Identifier: Apache-2.0
#include "qmp.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <sstream>

namespace sim
{
namespace asio = boost::asio;
namespace json = boost::json;
using vmedia::Errc;
using vmedia::Result;

asio::awaitable<Qmp::Answer> Qmp::message()
{
    auto [error, size] = co_await asio::async_read_until(
        *stream, asio::dynamic_buffer(buffer), '\n',
        asio::as_tuple(asio::use_awaitable));
    if (error)
    {
        co_return vmedia::fail(Errc::child,
                               fmt::format("QMP: {}", error.message()));
    }
    const std::string line = buffer.substr(0, size);
    buffer.erase(0, size);
    json::error_code bad;
    json::value value = json::parse(line, bad);
    if (bad || !value.is_object())
    {
        co_return vmedia::fail(Errc::protocol,
                               "QMP: no JSON object: " + line.substr(0, 80));
    }
    co_return value;
}

asio::awaitable<Result<std::string>> Qmp::open()
{
    Answer greeting = co_await message();
    if (!greeting)
    {
        co_return tl::unexpected(greeting.error());
    }
    // {"QMP": {"version": {"qemu": {"major": 7, …}, "package": "Debian …"}}}
    const json::value* version = nullptr;
    json::error_code bad;
    version = greeting->find_pointer("/QMP/version/qemu", bad);
    if (version == nullptr)
    {
        co_return vmedia::fail(Errc::protocol,
                               "QMP: a greeting without version");
    }
    const std::string text = fmt::format(
        "{}.{}.{}", version->at("major").as_int64(),
        version->at("minor").as_int64(), version->at("micro").as_int64());
    Answer ready = co_await execute("qmp_capabilities", {});
    if (!ready)
    {
        co_return tl::unexpected(ready.error());
    }
    co_return text;
}

asio::awaitable<Qmp::Answer> Qmp::execute(std::string_view command,
                                          json::object arguments)
{
    json::object request{{"execute", command}};
    if (!arguments.empty())
    {
        request["arguments"] = std::move(arguments);
    }
    const std::string text = json::serialize(request) + "\n";
    auto [error, written] = co_await asio::async_write(
        *stream, asio::buffer(text), asio::as_tuple(asio::use_awaitable));
    (void)written;
    if (error)
    {
        co_return vmedia::fail(Errc::child,
                               fmt::format("QMP: {}", error.message()));
    }
    while (true)
    {
        Answer answer = co_await message();
        if (!answer)
        {
            co_return answer;
        }
        json::object& object = answer->as_object();
        if (object.contains("return"))
        {
            co_return object["return"];
        }
        if (object.contains("error"))
        {
            co_return vmedia::fail(
                Errc::refused, fmt::format("QMP {}: {}", command,
                                           json::serialize(object["error"])));
        }
    }
}

std::optional<uint16_t> findForward(std::string_view infoUsernet,
                                    uint16_t guestPort)
{
    // Protocol[State]  FD  Source Address  Port  Dest. Address  Port RecvQ
    // SendQ TCP[HOST_FORWARD]  13  127.0.0.1 34829  192.0.2.15  443  0  0
    std::istringstream lines{std::string(infoUsernet)};
    for (std::string line; std::getline(lines, line);)
    {
        std::istringstream words(line);
        std::string state;
        std::string from;
        std::string to;
        unsigned descriptor = 0;
        unsigned port = 0;
        unsigned target = 0;
        words >> state >> descriptor >> from >> port >> to >> target;
        if (words && state == "TCP[HOST_FORWARD]" && target == guestPort)
        {
            return static_cast<uint16_t>(port);
        }
    }
    return std::nullopt;
}

} // namespace sim
