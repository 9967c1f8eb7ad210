// SPDX-License-Identifier: Apache-2.0
#include "defects.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

using Action = Plan::Action;

constexpr bool isBeyondEnd(const Command& request, const Plan& todo)
{
    return request.type == Cmd::read && todo.action == Action::refuse;
}

/// Requests of that type are answered with an error.
Deviation refuses(Cmd type, ErrorValue error)
{
    return {.plan = [=](Command& request, Plan& todo) {
        if (request.type == type)
        {
            todo = {Action::refuse, error};
        }
    }};
}

} // namespace

void addTransmissionDefects(Defects& all)
{
    all["nbd.read.answered"] = refuses(Cmd::read, ErrorValue::eio);
    all["nbd.reply.cookie"] = {.plan = [](Command& request, Plan&) {
        request.cookie &= 0xffffffff; // kept in a variable too small
    }};
    all["nbd.read.beyond-end"] = {.plan = [](Command& request, Plan& todo) {
        if (isBeyondEnd(request, todo))
        {
            todo.error = ErrorValue::eio;
        }
    }};
    all["nbd.read.beyond-end.in-step"] = {
        .plan = [](Command& request, Plan& todo) {
        if (isBeyondEnd(request, todo))
        {
            request.payload = request.length; // as if a payload had to come
        }
    }};
    all["nbd.command.unknown"] = refuses(Cmd{0x7777}, ErrorValue::enotsup);
    all["nbd.transmission-flags.features-work"] = refuses(Cmd::flush,
                                                          ErrorValue::einval);
    all["nbd.disc.closes"] = refuses(Cmd::disc, ErrorValue::einval);
}

} // namespace conformance::nbd
