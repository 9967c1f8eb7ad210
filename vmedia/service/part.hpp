// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "mount_event.hpp"
#include "vmedia/error/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <functional>
#include <memory>
#include <string>

namespace vmedia::service
{

/// What Completion says of @p error.
int errnoOf(const Error& error);

/// One part of a medium: does what Mount decides about it, and tells what
/// becomes of it.
///
/// Tells:   posted, never called: an event that an action causes comes after
///          the actions that belong with it.
/// Forgets: after forget() nothing is told, not even what was posted before.
/// Owner:   one medium. What it waits for keeps it, so that the end of what
///          was forgotten is still waited for, and cleaned up after.
class Part : public std::enable_shared_from_this<Part>
{
  public:
    using Listener = std::function<void(const Event&)>;

    Part(boost::asio::any_io_executor executor, Listener listener);
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    virtual ~Part() = default;

    void forget();

    /// @p used, which it has references to, lives as long as it.
    void keep(std::shared_ptr<const void> used);

  protected:
    void tell(Event event);
    void tell(Event::What what, const Error& error);
    bool isForgotten() const;

    /// Runs @p task; begin() ends the one before. What it throws (a thread or
    /// a descriptor that is not to be had) becomes the event @p failed.
    void begin(boost::asio::awaitable<void> task, Event::What failed);
    /// Ends what begin() began: it tells nothing more …
    void cancel();
    /// … if it awaits this after what may have been done when cancel() came:
    /// each co_await of a cancelled coroutine throws.
    static boost::asio::awaitable<void> checkpoint()
    {
        co_return;
    }

    const boost::asio::any_io_executor executor;

  private:
    Listener listener;
    std::shared_ptr<const void> lent{};
    std::shared_ptr<boost::asio::cancellation_signal> running{};
};

} // namespace vmedia::service
