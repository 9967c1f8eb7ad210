// SPDX-License-Identifier: Apache-2.0
#include "credentials.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <memory>

namespace vmedia::remote
{

namespace asio = boost::asio;

namespace
{

constexpr size_t bytesMax = 2 * (credentialMax + 1);
constexpr std::string_view wanted = "write user name, NUL, password, NUL";

/// The front of @p bytes up to a NUL, which goes, too.
std::string_view takeField(std::string_view& bytes)
{
    const size_t end = std::min(bytes.find('\0'), bytes.size());
    const std::string_view field = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    return field;
}

Result<void> check(std::string_view name, std::string_view field)
{
    if (field.size() > credentialMax)
    {
        return fail(Errc::usage,
                    fmt::format("the {} has {} bytes, at most {} are taken",
                                name, field.size(), credentialMax));
    }
    const bool isPlain = std::ranges::none_of(field, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
    if (!isPlain)
    {
        return fail(Errc::usage,
                    fmt::format("the {} holds a control character", name));
    }
    return {};
}

} // namespace

Result<Credentials> parseCredentials(std::string_view bytes)
{
    const std::string_view user = takeField(bytes);
    const std::string_view password = takeField(bytes);
    if (!bytes.empty())
    {
        return fail(Errc::usage,
                    "there is more than a user name and a password",
                    std::string(wanted));
    }
    if (Result<void> right = check("user name", user); !right)
    {
        return tl::unexpected(right.error());
    }
    if (Result<void> right = check("password", password); !right)
    {
        return tl::unexpected(right.error());
    }
    if (user.empty() && !password.empty())
    {
        return fail(Errc::usage, "there is a password, but no user name",
                    std::string(wanted));
    }
    return Credentials{tls::Secret::of({user}), tls::Secret::of({password})};
}

asio::awaitable<Result<Credentials>>
    readCredentials(asio::any_io_executor executor, int descriptor,
                    std::chrono::milliseconds deadline)
{
    // Shared, as the timer may have fired before it is cancelled, and its
    // handler run when all here is over.
    struct Source
    {
        asio::posix::stream_descriptor pipe;
        bool isLate = false;
    };
    const auto source = std::make_shared<Source>(
        Source{asio::posix::stream_descriptor(executor)});
    boost::system::error_code refused;
    source->pipe.assign(descriptor, refused);
    if (refused) // a regular file, for one
    {
        ::close(descriptor);
        co_return failErrno(refused.value(),
                            "the pipe with user name and password");
    }
    asio::steady_timer timer(executor, deadline);
    timer.async_wait(
        [weak = std::weak_ptr(source)](const boost::system::error_code& error) {
        if (const auto late = weak.lock(); late && !error)
        {
            late->isLate = true;
            late->pipe.cancel();
        }
    });
    tls::Secret buffer(bytesMax + 1); // one more than may be there
    const std::span<unsigned char> bytes = buffer.bytes();
    size_t have = 0;
    boost::system::error_code ended;
    while (!ended && have < bytes.size())
    {
        auto [error, size] = co_await source->pipe.async_read_some(
            asio::buffer(bytes.data() + have, bytes.size() - have),
            asio::as_tuple(asio::use_awaitable));
        ended = error;
        have += size;
    }
    timer.cancel();
    Result<Credentials> result;
    if (source->isLate)
    {
        result = fail(Errc::timeout,
                      fmt::format("the pipe with user name and password was "
                                  "not closed within {} ms",
                                  deadline.count()),
                      "close the writing end");
    }
    else if (ended && ended != asio::error::eof)
    {
        result = failErrno(ended.value(),
                           "the pipe with user name and password");
    }
    else
    {
        result = parseCredentials(buffer.text().substr(0, have));
    }
    co_return result;
}

} // namespace vmedia::remote
