// SPDX-License-Identifier: Apache-2.0
#include "command_defects.hpp"

#include <algorithm>
#include <utility>

namespace conformance::nbd
{

using namespace vmedia::nbd;

Matches is(Cmd type)
{
    return [=](const Command& request) { return request.type == type; };
}

Matches isWith(Cmd type, uint16_t flag)
{
    return [=](const Command& request) {
        return request.type == type && (request.flags & flag) != 0;
    };
}

Matches isOf(Cmd type, uint64_t length)
{
    return [=](const Command& request) {
        return request.type == type && request.length == length;
    };
}

Deviation answers(Matches matches, ErrorValue error)
{
    return {.plan = [=](Command& request, Plan& todo) {
        if (matches(request))
        {
            todo = {Plan::Action::refuse, error};
        }
    }};
}

Deviation refusesWith(Matches matches, ErrorValue error)
{
    return {.plan = [=](Command& request, Plan& todo) {
        if (matches(request) && todo.action == Plan::Action::refuse)
        {
            todo.error = error;
        }
    }};
}

Deviation carriesOut(Matches matches, Plan::Action action)
{
    return {.plan = [=](Command& request, Plan& todo) {
        if (matches(request) && todo.action == Plan::Action::refuse)
        {
            todo = {action};
        }
    }};
}

Deviation hangsUpOn(Matches matches)
{
    return {.plan = [=](Command& request, Plan& todo) {
        if (matches(request))
        {
            todo = {Plan::Action::giveUp};
        }
    }};
}

Deviation mistakes(Matches matches,
                   std::function<void(Command& request)> change)
{
    return {.plan = [=](Command& request, Plan&) {
        if (matches(request))
        {
            change(request);
        }
    }};
}

Deviation changesReply(
    Matches matches,
    std::function<void(const Command& request, Bytes& bytes)> change)
{
    return {.reply = [=](const Command& request, Bytes& bytes) {
        if (matches(request))
        {
            change(request, bytes);
        }
    }};
}

void put(Bytes& bytes, size_t at, uint32_t value)
{
    std::ranges::copy(pack<4>(value),
                      bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

uint32_t get(ByteView bytes, size_t at)
{
    return Reader{bytes.subspan(at)}.u32();
}

} // namespace conformance::nbd
