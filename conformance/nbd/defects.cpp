// SPDX-License-Identifier: Apache-2.0
#include "defects.hpp"

#include "conformance/nbd/peer.hpp"

#include <unistd.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

using HeaderBytes = std::span<std::byte, OptionHeader::wireSize>;

/// A client that is told of 10 bytes has an export.
const Bytes anExport(10);

constexpr bool isUnknown(Opt option)
{
    return static_cast<uint32_t>(option) >= 64;
}

/// The server reads past an option of this kind: the next one gets no answer.
template <typename Match>
Deviation losesStepAfter(Match matches)
{
    return {.step = [matches, lost = false](const Option& option,
                                            Step& step) mutable {
        if (std::exchange(lost, matches(option)))
        {
            step = {};
        }
    }};
}

template <typename Match>
Deviation neverAnswers(Match matches)
{
    return {.step = [matches](const Option& option, Step& step) {
        if (matches(option))
        {
            step = {};
        }
    }};
}

template <typename Change>
Deviation changesListEntry(Change change)
{
    return {.step = [change](const Option& option, Step& step) {
        if (option.code == Opt::list && step.replies.size() > 1)
        {
            change(step.replies.front().data);
        }
    }};
}

/// @p change sees what follows NBD_OPT_EXPORT_NAME.
template <typename Change>
Deviation changesExportName(Change change)
{
    return {.step = [change](const Option& option, Step& step) {
        if (option.code == Opt::exportName)
        {
            change(option, step);
        }
    }};
}

Deviation setsReply(Opt option, Rep type)
{
    return {.step = [=](const Option& seen, Step& step) {
        if (seen.code == option)
        {
            step = {Phase::options, {{option, type}}};
        }
    }};
}

bool hasNul(ByteView data)
{
    return std::ranges::find(data, std::byte{0}) != data.end();
}

void addGreetingDefects(Defects& all)
{
    const auto greets = [](auto change) {
        return Deviation{.greeting = change};
    };
    all["nbd.greeting.magic"] = greets([](Bytes& g) { g[8] = std::byte{0}; });
    all["nbd.greeting.length"] =
        greets([](Bytes& g) { g.push_back(std::byte{0}); });
    all["nbd.greeting.fixed-newstyle"] =
        greets([](Bytes& g) { g[17] &= ~std::byte{1}; });
    all["nbd.greeting.unknown-flags-clear"] =
        greets([](Bytes& g) { g[17] |= std::byte{4}; });

    const auto takes = [](uint32_t bit) {
        return Deviation{.clientFlags = [bit](uint32_t flags, Phase& next) {
            next = (flags & bit) != 0 ? Phase::options : next;
        }};
    };
    all["nbd.client-flags.unknown-low-bit"] = takes(1U << 2);
    all["nbd.client-flags.unknown-high-bit"] = takes(1U << 31);
    all["nbd.client-flags.none-then-option"] = {
        .step = [](const Option& option, Step& step) {
        if (isUnknown(option.code) && step.next == Phase::closed)
        {
            step = {}; // neither an answer nor the end
        }
    }};
}

void addUnknownOptionDefects(Defects& all)
{
    all["nbd.option.reply.echoes-option"] = {
        .step = [](const Option& option, Step& step) {
        if (option.code == Opt{0x7fffffff})
        {
            step.replies.front().option = Opt{0x7ffffffe};
        }
    }};
    all["nbd.option.unknown.empty"] = setsReply(unknownOption, Rep::errInvalid);
    all["nbd.option.unknown.payload-skipped"] =
        losesStepAfter([](const Option& option) {
        return isUnknown(option.code) && option.data.size() == 4096;
    });
    all["nbd.option.unknown.payload-not-parsed"] = {
        .step = [](const Option& option, Step& step) {
        if (isUnknown(option.code) &&
            option.data.size() == OptionHeader::wireSize)
        {
            step.replies.push_back({Opt::list, Rep::ack});
        }
    }};
    all["nbd.option.unknown.large-payload"] = {.header = [](HeaderBytes bytes) {
        const auto header = decodeOptionHeader(bytes);
        if (header && header->length == 1 << 20)
        {
            // Reads into whatever the client sends next.
            std::ranges::copy(
                encode(OptionHeader{header->option, header->length + 16}),
                bytes.begin());
        }
    }};
    all["nbd.option.unknown.any-number"] = {
        .step = [](const Option& option, Step& step) {
        const auto number = static_cast<uint32_t>(option.code);
        if (isUnknown(option.code) && number % 2 == 0)
        {
            step.replies.front().type = Rep::errPolicy;
        }
    }};
}

void addOptionDefects(Defects& all)
{
    all["nbd.option.peek-export.refused"] = setsReply(Opt::peekExport,
                                                      Rep::ack);
    all["nbd.option.starttls.refused-without-tls"] =
        neverAnswers([](const Option& o) { return o.code == Opt::startTls; });
    all["nbd.option.wrong-magic.not-obeyed"] = {
        .header = [](HeaderBytes bytes) {
        std::ranges::copy(pack<8>(optionMagic), bytes.begin());
    }};
    all["nbd.option.length.survives-huge"] = {.header = [](HeaderBytes bytes) {
        const auto header = decodeOptionHeader(bytes);
        if (header && header->length == 0xffffffff)
        {
            ::_exit(1); // as if there were no memory for it
        }
    }};
    const auto saysOnRefusal = [](Opt option, Bytes text) {
        return Deviation{.step = [=](const Option& seen, Step& step) {
            if (seen.code == option && isError(step.replies.back().type))
            {
                step.replies.back().data = text;
            }
        }};
    };
    all["nbd.option.error-text.is-a-string"] = saysOnRefusal(unknownOption,
                                                             Bytes(3));
    all["nbd.option.error-text.is-short"] =
        saysOnRefusal(Opt::info, Bytes(257, std::byte{'x'}));

    all["nbd.option.abort.acknowledged"] = {
        .step = [](const Option& option, Step& step) {
        if (option.code == Opt::abort)
        {
            step.replies.clear();
        }
    }};
    all["nbd.option.abort.data-ignored"] = {
        .step = [](const Option& option, Step& step) {
        if (option.code == Opt::abort && !option.data.empty())
        {
            step = {Phase::options, {{option.code, Rep::errInvalid}}};
        }
    }};
    all["nbd.option.abort.client-gone"] = {
        .step = [first = true](const Option& option, Step&) mutable {
        if (std::exchange(first, false) && option.code == Opt::abort)
        {
            ::_exit(1); // as if SIGPIPE had ended it
        }
    }};
}

void addListDefects(Defects& all)
{
    const auto isList = [](const Option& o) { return o.code == Opt::list; };
    const auto hasData = [isList](const Option& option) {
        return isList(option) && !option.data.empty();
    };
    all["nbd.option.list.answered"] = setsReply(Opt::list, Rep::errUnsup);
    all["nbd.option.list.entries-hold-names"] =
        changesListEntry([](Bytes& data) { data[0] = std::byte{1}; });
    all["nbd.option.list.names-are-strings"] = changesListEntry(
        [](Bytes& data) { data.assign({{}, {}, {}, std::byte{1}, {}}); });
    all["nbd.option.list.names-are-accepted"] =
        changesListEntry([](Bytes& data) {
        data.assign({{}, {}, {}, std::byte{1}, std::byte{'g'}});
    });
    all["nbd.option.list.data-refused"] = {
        .step = [hasData](const Option& option, Step& step) {
        if (hasData(option))
        {
            step = {Phase::options, {{option.code, Rep::ack}}};
        }
    }};
    all["nbd.option.list.data-skipped"] = losesStepAfter(hasData);
    all["nbd.option.list.twice"] = {
        .step = [isList, seen = false](const Option& option,
                                       Step& step) mutable {
        if (isList(option) && std::exchange(seen, true))
        {
            step = {};
        }
    }};
}

void addExportNameDefects(Defects& all)
{
    all["nbd.option.export-name.no-zeroes"] =
        changesExportName([](const Option&, Step& step) {
        step.raw.resize(step.raw.empty() ? 0 : 134);
    });
    all["nbd.option.export-name.zeroes"] =
        changesExportName([](const Option&, Step& step) {
        if (step.raw.size() > 10)
        {
            step.raw.back() = std::byte{1};
        }
    });
    all["nbd.option.export-name.nonfixed"] = {
        .clientFlags = [](uint32_t flags, Phase& next) {
        next = flags == 0 ? Phase::closed : next;
    }};
    all["nbd.option.export-name.has-flags"] =
        changesExportName([](const Option&, Step& step) {
        if (!step.raw.empty())
        {
            step.raw[9] &= ~std::byte{1};
        }
    });
    all["nbd.option.export-name.unknown-terminates"] =
        changesExportName([](const Option&, Step& step) {
        step.raw = step.raw.empty() ? anExport : step.raw;
    });
    all["nbd.option.export-name.longest"] =
        changesExportName([](const Option& option, Step& step) {
        if (option.data.size() == stringMax)
        {
            step = {};
        }
    });
    all["nbd.option.export-name.too-long"] = {.header = [](HeaderBytes bytes) {
        const auto header = decodeOptionHeader(bytes);
        if (header && header->option == Opt::exportName &&
            header->length == stringMax + 1)
        {
            std::ranges::copy(encode(OptionHeader{Opt::exportName, stringMax}),
                              bytes.begin());
        }
    }, .step = [](const Option& option, Step& step) {
        if (option.code == Opt::exportName && option.data.size() == stringMax)
        {
            step = {Phase::options, {}, anExport};
        }
    }};
    all["nbd.option.export-name.nul-is-no-end"] =
        changesExportName([](const Option& option, Step& step) {
        step.raw = hasNul(option.data) ? anExport : step.raw;
    });
}

} // namespace

Defects defects()
{
    Defects all;
    addGreetingDefects(all);
    addUnknownOptionDefects(all);
    addOptionDefects(all);
    addListDefects(all);
    addExportNameDefects(all);
    addInfoDefects(all);
    addConnectionDefects(all);
    addSizeDefects(all);
    addMetaDefects(all);
    addExtendedDefects(all);
    addTransmissionDefects(all);
    addRequestDefects(all);
    addChunkDefects(all);
    addStorageDefects(all);
    addTlsDefects(all);
    addTlsCredentialDefects(all);
    addAbuseDefects(all);
    return all;
}

} // namespace conformance::nbd
