// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/deviation.hpp"

#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>

/// What defects are made of.
namespace conformance::nbd::deviations
{

using namespace vmedia::nbd;

using Change = std::function<void(const Option& option, Step& step)>;
using Match = std::function<bool(const Option& option)>;

inline bool isUnknown(Opt option)
{
    return static_cast<uint32_t>(option) >= 64;
}

/// Where the option is @p code.
inline Deviation in(Opt code, Change change)
{
    return {.step = [=](const Option& option, Step& step) {
        if (option.code == code)
        {
            change(option, step);
        }
    }};
}

/// What matches gets that answer, and nothing comes of it.
inline Deviation answers(Match matches, Rep type)
{
    return {.step = [=](const Option& option, Step& step) {
        if (matches(option))
        {
            step = {Phase::options, {{option.code, type}}};
        }
    }};
}

inline Deviation neverAnswers(Match matches)
{
    return {.step = [=](const Option& option, Step& step) {
        step = matches(option) ? Step{} : step;
    }};
}

inline Match is(Opt code)
{
    return [=](const Option& option) { return option.code == code; };
}

/// The command is planned otherwise where it matches.
inline Deviation plans(std::function<bool(const Command& command)> matches,
                       Plan otherwise)
{
    return {.plan = [=](Command& command, Plan& todo) {
        todo = matches(command) ? otherwise : todo;
    }};
}

inline constexpr Plan refused{Plan::Action::refuse, ErrorValue::einval};
inline constexpr Plan hangsUp{Plan::Action::giveUp};

/// Replies to that command are changed before they are sent.
inline Deviation replies(Cmd type, std::function<void(Bytes& bytes)> change)
{
    return {.reply = [=](const Command& command, Bytes& bytes) {
        if (command.type == type && !bytes.empty())
        {
            change(bytes);
        }
    }};
}

/// Ends the program, as a crash would, with the connection of that number.
inline Deviation endsWithConnection(int number)
{
    return {.greeting = [number, count = std::make_shared<std::atomic<int>>(0)](
                            Bytes&) {
        if (++*count >= number)
        {
            ::_exit(1);
        }
    }};
}

/// Ends the program when a client goes after exactly @p size bytes.
inline Deviation endsWhenGoneAfter(size_t size)
{
    return {.received = [size,
                         seen = size_t{0}](std::span<std::byte> piece) mutable {
        if (piece.empty() && seen == size)
        {
            ::_exit(1);
        }
        seen += piece.size();
    }};
}

/// First one, then the other, in every hook.
Deviation combined(const Deviation& first, const Deviation& second);

} // namespace conformance::nbd::deviations
