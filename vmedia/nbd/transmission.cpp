// SPDX-License-Identifier: Apache-2.0
#include "transmission.hpp"

#include <cerrno>

namespace vmedia::nbd
{

Command Command::of(const Request& r)
{
    return {r.flags,  r.type,   r.cookie,
            r.offset, r.length, r.type == Cmd::write ? r.length : 0};
}

Command Command::of(const ExtendedRequest& r)
{
    const bool carries = (r.flags & commandPayloadLen) != 0;
    return {r.flags,  r.type,   r.cookie,
            r.offset, r.length, carries ? r.length : 0};
}

namespace
{

using Action = Plan::Action;

Plan refuse(ErrorValue error)
{
    return {Action::refuse, error};
}

/// The rules that several commands share, for one command and its terms.
class Judge
{
  public:
    Judge(const Command& judged, const Terms& agreed) :
        command(judged), terms(agreed)
    {}

    /// The flags hold nothing but @p allowed, and FUA, which "is valid for all
    /// commands, provided NBD_FLAG_SEND_FUA has been negotiated" ("Command
    /// flags").
    bool flagsWithin(uint16_t allowed) const
    {
        if (advertised(sendFua))
        {
            allowed |= commandFua;
        }
        return (command.flags & ~allowed) == 0;
    }
    bool advertised(uint16_t flag) const
    {
        return (terms.flags & flag) != 0;
    }
    bool inside() const
    {
        // Not offset + length: that wraps.
        return command.offset <= terms.info->size &&
               command.length <= terms.info->size - command.offset;
    }
    bool extended() const
    {
        return terms.replies == Replies::extended;
    }

  private:
    const Command& command;
    const Terms& terms;
};

Plan planRead(const Command& command, const Terms& terms, const Judge& judge,
              TransmissionLimits limits)
{
    const bool simple = terms.replies == Replies::simple;
    if (!judge.flagsWithin(simple ? 0 : commandDf) || !judge.inside())
    {
        return refuse(ErrorValue::einval);
    }
    if (command.length > limits.payload)
    {
        // "permitted to reject large read requests up front with
        // NBD_EOVERFLOW", where replies are structured ("NBD_CMD_READ").
        return refuse(simple ? ErrorValue::einval : ErrorValue::eoverflow);
    }
    return {Action::read};
}

Plan planWrite(const Command& command, const Judge& judge,
               TransmissionLimits limits)
{
    if (judge.advertised(readOnly))
    {
        return refuse(ErrorValue::eperm);
    }
    const uint16_t carries = judge.extended() ? commandPayloadLen : 0;
    if (!judge.flagsWithin(carries) || command.length > limits.payload ||
        command.payload != command.length)
    {
        return refuse(ErrorValue::einval);
    }
    return judge.inside() ? Plan{Action::write} : refuse(ErrorValue::enospc);
}

/// Commands that change content without a payload.
Plan planChange(const Judge& judge, Action action, uint16_t needed,
                uint16_t allowed, ErrorValue beyond)
{
    if (judge.advertised(readOnly))
    {
        return refuse(ErrorValue::eperm);
    }
    if (!judge.advertised(needed) || !judge.flagsWithin(allowed))
    {
        return refuse(ErrorValue::einval);
    }
    return judge.inside() ? Plan{action} : refuse(beyond);
}

/// An effect length and the id of the one context that there is: any other
/// size names a context twice, one that was not selected, or none.
constexpr uint64_t statusPayload = 8 + 4;

Plan planBlockStatus(const Command& command, const Terms& terms,
                     const Judge& judge)
{
    if ((command.flags & commandPayloadLen) != 0)
    {
        const bool takes = terms.allocation &&
                           judge.advertised(blockStatusPayload) &&
                           judge.flagsWithin(commandReqOne | commandPayloadLen);
        return takes && command.payload == statusPayload
                   ? Plan{Action::blockStatus}
                   : refuse(ErrorValue::einval);
    }
    if (!terms.allocation || !judge.flagsWithin(commandReqOne) ||
        command.length == 0 || !judge.inside())
    {
        return refuse(ErrorValue::einval);
    }
    return {Action::blockStatus};
}

} // namespace

Plan plan(const Command& command, const Terms& terms, TransmissionLimits limits)
{
    const Judge judge(command, terms);
    if (command.type == Cmd::disc)
    {
        return {Action::disconnect}; // whatever else it says
    }
    // With extended headers a server "SHOULD initiate hard disconnect" above
    // its maximum payload; without, it may skip somewhat more.
    if (command.payload > (judge.extended() ? limits.payload : limits.skipped))
    {
        return {Action::giveUp};
    }
    switch (command.type)
    {
        case Cmd::read:
            return planRead(command, terms, judge, limits);
        case Cmd::write:
            return planWrite(command, judge, limits);
        case Cmd::disc:
            break; // answered above
        case Cmd::flush:
            return judge.advertised(sendFlush) && judge.flagsWithin(0)
                       ? Plan{Action::flush}
                       : refuse(ErrorValue::einval);
        case Cmd::trim:
            return planChange(judge, Action::trim, sendTrim, 0,
                              ErrorValue::einval);
        case Cmd::writeZeroes:
            return planChange(judge, Action::zero, sendWriteZeroes,
                              judge.advertised(sendFastZero)
                                  ? uint16_t{commandNoHole | commandFastZero}
                                  : uint16_t{commandNoHole},
                              ErrorValue::enospc);
        case Cmd::cache:
            return judge.advertised(sendCache) && judge.flagsWithin(0) &&
                           judge.inside()
                       ? Plan{Action::cache}
                       : refuse(ErrorValue::einval);
        case Cmd::blockStatus:
            return planBlockStatus(command, terms, judge);
        case Cmd::resize:
            break;
    }
    // "SHOULD return NBD_EINVAL if it receives an unknown command" ("Error
    // values"); no payload is assumed.
    return refuse(ErrorValue::einval);
}

Plan planWithPayload(Command& command, ByteView payload, const Terms& terms)
{
    Reader reader{payload};
    if (reader.left() != statusPayload)
    {
        return refuse(ErrorValue::einval);
    }
    command.length = reader.u64();
    command.payload = 0;
    command.flags &= static_cast<uint16_t>(~commandPayloadLen);
    return reader.u32() == allocationId ? plan(command, terms)
                                        : refuse(ErrorValue::einval);
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
        case ENOTSUP:
            return ErrorValue::enotsup;
        case ESHUTDOWN:
            return ErrorValue::eshutdown;
        default:
            return ErrorValue::eio;
    }
}

} // namespace vmedia::nbd
