// SPDX-License-Identifier: Apache-2.0
#include "perform.hpp"

namespace vmedia::nbd
{

namespace
{

/// Below this, several reads in one batch are faster than one call for each.
constexpr uint64_t uncopiedMin = 64 << 10;

/// Extents told in one reply: "SHOULD NOT send more than 2^20", and 64 Ki of
/// them are as good, for the client asks again from where they end.
constexpr size_t extentsMax = 1 << 16;

} // namespace

std::optional<exports::Operation> operationOf(Plan::Action action)
{
    using exports::Operation;
    switch (action)
    {
        case Plan::Action::read:
            return Operation::read;
        case Plan::Action::write:
            return Operation::write;
        case Plan::Action::flush:
            return Operation::flush;
        case Plan::Action::trim:
            return Operation::trim;
        case Plan::Action::cache:
            return Operation::cache;
        case Plan::Action::zero:
            return Operation::zero;
        case Plan::Action::blockStatus:
            return Operation::extents;
        case Plan::Action::refuse:
        case Plan::Action::disconnect:
        case Plan::Action::giveUp:
            return std::nullopt;
    }
    return std::nullopt;
}

bool Performer::mayWait(const Command& command, const Plan& todo) const
{
    const auto operation = operationOf(todo.action);
    return operation &&
           content.mayWait(*operation, command.offset, command.length);
}

void Performer::perform(const Command& command, const Plan& todo,
                        ByteView payload)
{
    switch (todo.action)
    {
        case Plan::Action::read:
            read(command);
            break;
        case Plan::Action::write:
            wrote(command, content.write(payload, command.offset));
            break;
        case Plan::Action::flush:
            answer(command, content.flush());
            break;
        case Plan::Action::trim:
            answer(command, content.trim(command.offset, command.length));
            break;
        case Plan::Action::cache:
            answer(command, content.cache(command.offset, command.length));
            break;
        case Plan::Action::zero:
            answer(command, zero(command));
            break;
        case Plan::Action::blockStatus:
            blockStatus(command);
            break;
        case Plan::Action::refuse:
        case Plan::Action::disconnect:
        case Plan::Action::giveUp:
            reply.error(command, todo.error);
            break;
    }
}

/// Replies to what changed content; FUA makes it durable first. Gives the
/// bytes that it was about, if it succeeded.
uint64_t Performer::answer(const Command& command, int errorNumber)
{
    if (errorNumber == 0 && (command.flags & commandFua) != 0)
    {
        errorNumber = content.flush();
    }
    if (errorNumber != 0)
    {
        reply.error(command, toErrorValue(errorNumber));
        return 0;
    }
    reply.success(command);
    return command.length;
}

int Performer::zero(const Command& command)
{
    const exports::Zeroing how{.mayPunch = (command.flags & commandNoHole) == 0,
                               .fastOnly = (command.flags & commandFastZero) !=
                                           0};
    return content.zero(command.offset, command.length, how);
}

void Performer::read(const Command& command)
{
    if (mayBorrow && command.length > 0)
    {
        const ByteView bytes = content.mapped(command.offset, command.length,
                                              !reply.borrows());
        if (!bytes.empty())
        {
            reply.data(command, bytes);
            traffic.readBytes += command.length;
            return;
        }
    }
    copy(command, findHoles(command));
}

/// @p holesKnown: `extents` tells the read as data and holes.
void Performer::copy(const Command& command, bool holesKnown)
{
    const auto fill = [this](std::span<std::byte> into, uint64_t offset) {
        return content.read(into, offset);
    };
    bool done = false;
    if (holesKnown)
    {
        done = reply.dataAndHoles(command, extents, fill);
    }
    else
    {
        done = reply.data(command, fill);
    }
    if (done)
    {
        traffic.readBytes += command.length;
    }
}

/// Fills `extents` with all of the read; false if it is cut too finely to
/// be worth it, or nothing can be told.
bool Performer::findHoles(const Command& command)
{
    constexpr size_t few = 64;
    extents.clear();
    if (!mayTellHoles(command) ||
        content.extents(command.offset, command.length, few, extents) != 0)
    {
        return false;
    }
    uint64_t covered = 0;
    for (const exports::Extent& extent : extents)
    {
        covered += extent.length;
    }
    return covered == command.length;
}

void Performer::blockStatus(const Command& command)
{
    const bool one = (command.flags & commandReqOne) != 0;
    extents.clear();
    const int errorNumber = content.extents(command.offset, command.length,
                                            one ? 1 : extentsMax, extents);
    if (errorNumber != 0)
    {
        reply.error(command, toErrorValue(errorNumber));
        return;
    }
    reply.blockStatus(command, extents);
}

bool Performer::mayTellHoles(const Command& command) const
{
    return can.extents && terms.replies != Replies::simple &&
           (command.flags & commandDf) == 0 && command.length > 0;
}

int Performer::readOrFile(const Command& command)
{
    if (command.length < uncopiedMin || content.descriptor() < 0)
    {
        read(command);
        return -1;
    }
    const bool holesKnown = findHoles(command);
    const bool allData = holesKnown
                             ? extents.size() == 1 && !extents.front().zero
                             : !mayTellHoles(command);
    if (!allData)
    {
        copy(command, holesKnown);
        return -1;
    }
    reply.dataHeader(command);
    traffic.readBytes += command.length;
    return content.descriptor();
}

int Performer::fileForWrite(const Command& command)
{
    return command.payload < uncopiedMin ? -1 : content.descriptorToWrite();
}

void Performer::wrote(const Command& command, int errorNumber)
{
    traffic.writtenBytes += answer(command, errorNumber);
}

} // namespace vmedia::nbd
