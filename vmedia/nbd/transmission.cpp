// SPDX-License-Identifier: Apache-2.0
#include "transmission.hpp"

#include <cerrno>

namespace vmedia::nbd
{

namespace
{

using Action = Plan::Action;

/// @p flags may hold nothing but what the command and the export allow.
bool flagsAllowed(const Request& request, const ExportInfo& info)
{
    // FUA "is valid for all commands, provided NBD_FLAG_SEND_FUA has been
    // negotiated" ("Command flags")
    const uint16_t allowed = (info.flags & sendFua) != 0 ? uint16_t{commandFua}
                                                         : uint16_t{0};
    return (request.flags & ~allowed) == 0;
}

bool inside(const Request& request, const ExportInfo& info)
{
    // Not offset + length: that wraps.
    return request.offset <= info.size &&
           request.length <= info.size - request.offset;
}

Plan refuse(ErrorValue error, uint32_t skip = 0)
{
    return {Action::refuse, error, skip};
}

Plan planWrite(const Request& request, const ExportInfo& info,
               TransmissionLimits limits)
{
    if (request.length > limits.skipped)
    {
        return {Action::giveUp}; // skipping that much would be a gift
    }
    if ((info.flags & readOnly) != 0)
    {
        return refuse(ErrorValue::eperm, request.length);
    }
    if (!flagsAllowed(request, info) || request.length > limits.payload)
    {
        return refuse(ErrorValue::einval, request.length);
    }
    if (!inside(request, info))
    {
        return refuse(ErrorValue::enospc, request.length);
    }
    return {Action::write};
}

} // namespace

Plan plan(const Request& request, const ExportInfo& info,
          TransmissionLimits limits)
{
    switch (request.type)
    {
        case Cmd::read:
            if (!flagsAllowed(request, info) || !inside(request, info) ||
                request.length > limits.payload)
            {
                return refuse(ErrorValue::einval);
            }
            return {Action::read};
        case Cmd::write:
            return planWrite(request, info, limits);
        case Cmd::disc:
            return {Action::disconnect}; // whatever else the request says
        case Cmd::flush:
            if ((info.flags & sendFlush) == 0 || !flagsAllowed(request, info))
            {
                return refuse(ErrorValue::einval);
            }
            return {Action::flush};
        case Cmd::trim:
        case Cmd::writeZeroes:
            if ((info.flags & readOnly) != 0)
            {
                return refuse(ErrorValue::eperm);
            }
            break;
        case Cmd::cache:
        case Cmd::blockStatus:
        case Cmd::resize:
            break;
    }
    // "SHOULD return NBD_EINVAL if it receives an unknown command" ("Error
    // values"); no payload is assumed
    return refuse(ErrorValue::einval);
}

ErrorValue toErrorValue(int errorNumber)
{
    switch (errorNumber)
    {
        case 0:
            return ErrorValue::none;
        case EPERM:
        case EACCES:
        case EROFS:
            return ErrorValue::eperm;
        case ENOMEM:
            return ErrorValue::enomem;
        case EINVAL:
            return ErrorValue::einval;
        case ENOSPC:
        case EFBIG:
        case EDQUOT:
            return ErrorValue::enospc;
        default:
            return ErrorValue::eio;
    }
}

} // namespace vmedia::nbd
