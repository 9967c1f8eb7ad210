// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/deviations.hpp"
#include "defects.hpp"

#include <algorithm>

namespace conformance::nbd
{

using namespace deviations;

namespace
{

constexpr Opt list = Opt::listMetaContext;
constexpr Opt set = Opt::setMetaContext;

bool isMeta(const Option& option)
{
    return option.code == list || option.code == set;
}

std::vector<std::string_view> queriesOf(const Option& option)
{
    const auto request = decodeMetaRequest(option.data);
    return request ? request->queries : std::vector<std::string_view>{};
}

/// That option with that one query.
Match asks(Opt code, std::string_view query)
{
    return [=](const Option& option) {
        return option.code == code &&
               queriesOf(option) == std::vector<std::string_view>{query};
    };
}

/// Either option with anything but whole queries in its data.
Match malformed(std::function<bool(ByteView data)> as)
{
    return [as = std::move(as)](const Option& option) {
        return isMeta(option) && !decodeMetaRequest(option.data) &&
               as(option.data);
    };
}

OptionReply context(Opt code, std::string_view name, uint32_t id = 1)
{
    OptionReply reply{code, Rep::metaContext};
    append(reply.data, id);
    append(reply.data, name);
    return reply;
}

/// Tells of base:allocation, once more if it did, where it matches.
Deviation tellsAllocation(Match matches)
{
    return {.step = [=](const Option& option, Step& step) {
        if (matches(option))
        {
            step = {Phase::options,
                    {context(option.code, allocationContext),
                     {option.code, Rep::ack}}};
        }
    }};
}

bool endsWith(ByteView data, std::string_view text)
{
    const ByteView wanted = std::as_bytes(std::span(text));
    return data.size() >= wanted.size() &&
           std::ranges::equal(data.last(wanted.size()), wanted);
}

/// NBD_CMD_BLOCK_STATUS is served, selected context or not.
Deviation alwaysTellsStatus()
{
    return plans([](const Command& command) {
        return command.type == Cmd::blockStatus;
    }, {Plan::Action::blockStatus});
}

void addReplyFormDefects(Defects& all)
{
    const Match asked = is(Opt::structuredReply);
    all["nbd.option.structured-reply.answered"] = neverAnswers(asked);
    all["nbd.option.structured-reply.data-refused"] =
        answers([](const Option& option) {
        return option.code == Opt::structuredReply && !option.data.empty();
    }, Rep::ack);
    all["nbd.option.structured-reply.twice"] = {
        .step = [count = 0](const Option& option, Step& step) mutable {
        if (option.code == Opt::structuredReply && ++count == 2)
        {
            step.replies.back().type = Rep::errPolicy;
        }
    }};
    all["nbd.option.export-name.structured-replies"] = {
        .reply = [](const Command& command, Bytes& bytes) {
        const auto header =
            encode(SimpleReply{ErrorValue::none, command.cookie});
        // Without the chunk's header and its offset.
        bytes.erase(bytes.begin(),
                    bytes.end() - static_cast<std::ptrdiff_t>(command.length));
        bytes.insert(bytes.begin(), header.begin(), header.end());
    }};
    all["nbd.transmission-flags.df-works"] = plans([](const Command& command) {
        return (command.flags & commandDf) != 0;
    }, refused);
}

void addMalformedDefects(Defects& all)
{
    all["nbd.option.meta-context.query-beyond-data"] =
        answers(malformed([](ByteView data) { return endsWith(data, "base"); }),
                Rep::ack);
    all["nbd.option.meta-context.query-count-huge"] = {
        .step = [](const Option& option, Step&) {
        if (isMeta(option) && option.data.size() == 8 &&
            Reader{option.data.last(4)}.u32() == 0xffffffff)
        {
            ::_exit(1); // as if it had no memory for them
        }
    }};
    all["nbd.option.meta-context.name-beyond-data"] =
        neverAnswers(malformed([](ByteView data) { return data.size() == 3; }));
    const auto named = [](size_t size) {
        return [size](const Option& option) {
            const auto request = decodeMetaRequest(option.data);
            return isMeta(option) && request &&
                   request->exportName.size() == size;
        };
    };
    all["nbd.option.meta-context.name-too-long"] = answers(named(stringMax + 1),
                                                           Rep::ack);
    all["nbd.option.meta-context.longest-name"] = {
        .step = [longest = named(stringMax)](const Option& option, Step& step) {
        if (longest(option))
        {
            step.replies.back().data.resize(stringMax + 1, std::byte{'n'});
        }
    }};
    const auto holds = [](std::function<bool(std::string_view)> what) {
        return [what = std::move(what)](const Option& option) {
            return isMeta(option) &&
                   std::ranges::any_of(queriesOf(option), what);
        };
    };
    all["nbd.option.meta-context.query-too-long"] = neverAnswers(
        holds([](std::string_view q) { return q.size() == stringMax + 1; }));
    all["nbd.option.meta-context.nul-is-no-end"] = tellsAllocation(
        holds([](std::string_view q) { return q.find('\0') != q.npos; }));
    all["nbd.option.meta-context.trailing-data"] = {
        .step = [lost = false](const Option& option, Step& step) mutable {
        if (std::exchange(lost,
                          isMeta(option) && endsWith(option.data, "more")))
        {
            step = {}; // it was read from the wrong place
        }
    }};
    all["nbd.option.meta-context.trailing-option"] = {
        .step = [](const Option& option, Step& step) {
        const auto inner = encode(OptionHeader{Opt::list, 0});
        if (isMeta(option) && option.data.size() > inner.size() &&
            std::ranges::equal(option.data.last(inner.size()), inner))
        {
            step.replies.push_back({Opt::list, Rep::ack});
        }
    }};
    all["nbd.option.meta-context.no-namespace"] =
        answers(asks(set, "allocation"), Rep::errPolicy);
    all["nbd.option.meta-context.many-queries"] = answers(
        [](const Option& option) { return queriesOf(option).size() == 1000; },
        Rep::errPolicy);
    all["nbd.option.meta-context.unknown-export"] = {
        .step = [](const Option& option, Step& step) {
        const bool unknown = isMeta(option) &&
                             step.replies.back().type == Rep::errUnknown;
        step = unknown ? Step{} : step;
    }};
}

} // namespace

void addMetaDefects(Defects& all)
{
    addReplyFormDefects(all);
    addMalformedDefects(all);
    all["nbd.option.set-meta-context.needs-structured-replies"] = {
        .step = [](const Option& option, Step& step) {
        if (option.code == set && step.replies.back().type == Rep::errInvalid)
        {
            step = {Phase::options, {{option.code, Rep::ack}}};
        }
    }};
    all["nbd.option.list-meta-context.before-structured-replies"] =
        neverAnswers(is(list));
    all["nbd.option.list-meta-context.no-query"] =
        answers([](const Option& option) {
        return option.code == list && queriesOf(option).empty();
    }, Rep::ack);
    all["nbd.option.list-meta-context.ids-are-zero"] =
        in(list, [](const Option&, Step& step) {
        step.replies.front() = context(list, allocationContext, 1);
    });
    all["nbd.option.list-meta-context.base-wildcard"] =
        answers(asks(list, "base:"), Rep::ack);
    all["nbd.option.set-meta-context.base-wildcard-ignored"] =
        tellsAllocation(asks(set, "base:"));
    all["nbd.option.meta-context.unknown-leaf-ignored"] =
        answers(asks(set, "base:nosuch"), Rep::errInvalid);
    all["nbd.option.meta-context.unknown-namespace-ignored"] =
        answers(asks(list, "x-none:y"), Rep::errInvalid);
    all["nbd.option.set-meta-context.allocation"] =
        answers(asks(set, allocationContext), Rep::ack);
    all["nbd.option.set-meta-context.same-query-thrice"] =
        in(set, [](const Option& option, Step& step) {
        const OptionReply first = step.replies.front();
        step.replies.insert(step.replies.begin(),
                            queriesOf(option).size() == 3 ? 2 : 0, first);
    });
    all["nbd.option.set-meta-context.no-query"] =
        tellsAllocation([](const Option& option) {
        return option.code == set && decodeMetaRequest(option.data) &&
               queriesOf(option).empty();
    });
    all["nbd.option.set-meta-context.failure-drops-selection"] =
        alwaysTellsStatus();
    all["nbd.option.set-meta-context.other-export"] = alwaysTellsStatus();
    all["nbd.option.set-meta-context.second-export"] = alwaysTellsStatus();
    all["nbd.option.meta-context.names"] = in(list,
                                              [](const Option&, Step& step) {
        step.replies.front() = context(list, "allocation", 0);
    });
    all["nbd.option.list-meta-context.qemu-wildcard"] =
        answers(asks(list, "qemu:"), Rep::errInvalid);
    all["nbd.option.set-meta-context.qemu-wildcard"] =
        tellsAllocation(asks(set, "qemu:"));
}

} // namespace conformance::nbd
