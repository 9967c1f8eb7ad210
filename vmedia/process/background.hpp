// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace vmedia::process
{

/// Calls @p work on a thread of its own and waits for its end: for calls into
/// the kernel that wait for a device or a file server, which nothing ends.
///
/// Given up: who is cancelled or destroyed while it waits leaves the thread to
///           itself. So @p work owns all that it uses.
/// Not for:  Child::start(): the child would end with the thread.
boost::asio::awaitable<void> runInBackground(std::function<void()> work);

/// The same, with what @p work returns. A std::function with a name, as g++ 12
/// destroys a closure twice that is a temporary of the co_await.
template <typename Value>
boost::asio::awaitable<Value> inBackground(std::function<Value()> work)
{
    const auto value = std::make_shared<std::optional<Value>>();
    std::function<void()> call = [value, work = std::move(work)] {
        value->emplace(work());
    };
    co_await runInBackground(std::move(call));
    co_return std::move(value->value());
}

} // namespace vmedia::process
