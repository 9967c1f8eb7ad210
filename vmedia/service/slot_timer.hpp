// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace vmedia::service
{

/// One moment that is waited for. What was armed before, or is disarmed, tells
/// nothing, not even if it had passed already; nor does one whose SlotTimer
/// has gone.
class SlotTimer
{
  public:
    explicit SlotTimer(const boost::asio::any_io_executor& executor) :
        timer(executor)
    {}

    void arm(std::chrono::steady_clock::time_point when,
             std::function<void()> passed)
    {
        armed = std::make_shared<std::function<void()>>(std::move(passed));
        timer.expires_at(when);
        timer.async_wait([weak = std::weak_ptr(armed)](
                             const boost::system::error_code& error) {
            // One that had passed when it was replaced comes without error.
            if (const auto call = weak.lock(); call && !error)
            {
                (*call)();
            }
        });
    }

    void disarm()
    {
        armed.reset();
        timer.cancel();
    }

  private:
    boost::asio::steady_timer timer;
    std::shared_ptr<std::function<void()>> armed{};
};

} // namespace vmedia::service
