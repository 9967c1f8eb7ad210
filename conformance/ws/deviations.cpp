// SPDX-License-Identifier: Apache-2.0
#include "deviations.hpp"

namespace conformance::ws
{

namespace deviations
{

namespace
{

Deviation answers(MatchAsked matches,
                  std::function<void(const Asked&, Answer&)> change)
{
    return {.answer = [=](const Asked& asked, Answer& answer) {
        if (matches(asked))
        {
            change(asked, answer);
        }
    }};
}

} // namespace

Deviation admits(MatchAsked matches)
{
    return answers(std::move(matches), [](const Asked& asked, Answer& answer) {
        answer = answer.upgrades() ? answer : upgraded(asked);
    });
}

Deviation admitsInsteadOf(int status, MatchAsked matches)
{
    return answers(std::move(matches),
                   [status](const Asked& asked, Answer& answer) {
        answer = answer.status == status ? upgraded(asked) : answer;
    });
}

Deviation refuses(MatchAsked matches, int status)
{
    return answers(std::move(matches), [status](const Asked&, Answer& answer) {
        answer = refused(status, "a defect");
    });
}

Deviation ignores(MatchAsked matches)
{
    return answers(std::move(matches),
                   [](const Asked&, Answer& answer) { answer.silent = true; });
}

Deviation diesOf(MatchAsked matches)
{
    return answers(std::move(matches), [](const Asked&, Answer&) { dies(); });
}

Deviation adds(MatchAsked matches, std::string name, std::string value)
{
    return answers(std::move(matches), [=](const Asked&, Answer& answer) {
        answer.fields.emplace_back(name, value);
    });
}

Deviation admitsWith(MatchAsked matches, std::string name, std::string value)
{
    return answers(std::move(matches), [=](const Asked& asked, Answer& answer) {
        answer = answer.upgrades() ? answer : upgraded(asked);
        answer.fields.emplace_back(name, value);
    });
}

Deviation takes(MatchFrame matches)
{
    return rules(std::move(matches), {});
}

Deviation rules(MatchFrame matches, Ruling ruling)
{
    return {.frame = [=](Header& header, Ruling& decided) {
        decided = matches(header) ? ruling : decided;
    }};
}

Deviation rulesInside(MatchFrame matches, Ruling ruling)
{
    return {
        .frame = [=, inside = false](Header& header, Ruling& decided) mutable {
        if (!isControl(header.opcode))
        {
            inside = !header.fin;
        }
        else if (inside && matches(header))
        {
            decided = ruling;
        }
    }};
}

Deviation rulesClose(std::function<bool(ByteView body)> matches, Ruling ruling)
{
    return {.control = [=](const Header& header, Bytes& body, Ruling& decided) {
        if (header.opcode == Opcode::close && matches(body))
        {
            decided = ruling;
        }
    }};
}

Deviation corrupts(
    std::function<bool(const Header& header, uint64_t offset, ByteView piece)>
        matches)
{
    return {
        .deliver = [=](const Header& header, uint64_t offset, Bytes& piece) {
        if (!piece.empty() && matches(header, offset, piece))
        {
            piece.back() ^= std::byte{1};
        }
    }};
}

Deviation losesAfter(
    std::function<bool(const Header& header, ByteView piece)> matches)
{
    return {.deliver = [=, lost = false, next = false](const Header& header,
                                                       uint64_t offset,
                                                       Bytes& piece) mutable {
        if (offset == 0)
        {
            lost = std::exchange(next, matches(header, piece));
        }
        if (lost)
        {
            piece.clear();
        }
    }};
}

Deviation corruptsSingles(int after)
{
    return {.received = [after, count = 0](Bytes& piece) mutable {
        count = piece.size() == 1 ? count + 1 : 0;
        if (count > after)
        {
            piece.front() ^= std::byte{1};
        }
    }};
}

Deviation sends(Opcode opcode, Change change)
{
    return {.send = [=](std::vector<Frame>& frames) {
        if (!frames.empty() && frames.front().opcode == opcode)
        {
            change(frames);
        }
    }};
}

Deviation later(int right, std::function<void(const Asked&, Answer&)> change)
{
    return {.answer = [=, count = std::make_shared<std::atomic<int>>(0)](
                          const Asked& asked, Answer& answer) {
        if (++*count > right)
        {
            change(asked, answer);
        }
    }};
}

Deviation keepsSlotIf(std::function<bool(Why why)> matches)
{
    return {.keepsSlot = std::move(matches)};
}

Deviation endsAs(std::function<bool(Why why)> matches, Ending as)
{
    return {.ending = [=](Why why, Ending& ending) {
        ending = matches(why) ? as : ending;
    }};
}

Deviation neverExpires(Deadline::What what)
{
    return {.deadline = [what](Deadline& deadline) {
        deadline.what = deadline.what == what ? Deadline::What::none
                                              : deadline.what;
    }};
}

} // namespace deviations

Defects defects()
{
    Defects all;
    addHandshakeDefects(all);
    addFrameDefects(all);
    addControlDefects(all);
    addCloseDefects(all);
    addTextDefects(all);
    addDeliveryDefects(all);
    addNetDefects(all);
    return all;
}

} // namespace conformance::ws
