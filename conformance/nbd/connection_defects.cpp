// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/deviations.hpp"
#include "defects.hpp"

#include <algorithm>

namespace conformance::nbd
{

using namespace deviations;

namespace
{

using HeaderBytes = std::span<std::byte, OptionHeader::wireSize>;

Deviation takes(uint32_t flag)
{
    return {.clientFlags = [flag](uint32_t flags, Phase& next) {
        next = (flags & flag) != 0 ? Phase::options : next;
    }};
}

/// The option's header is another one where it matches.
Deviation reads(std::function<bool(const OptionHeader&)> matches,
                OptionHeader as)
{
    return {.header = [=](HeaderBytes bytes) {
        const auto header = decodeOptionHeader(bytes);
        if (header && matches(*header))
        {
            std::ranges::copy(encode(as), bytes.begin());
        }
    }};
}

void addLimitDefects(Defects& all)
{
    all["nbd.option.unknown.largest-payload"] = {
        .header = [](HeaderBytes bytes) {
        const auto header = decodeOptionHeader(bytes);
        if (header && header->length == 32 << 20)
        {
            ::_exit(1); // as if it had no memory for that
        }
    }};
    all["nbd.option.reply-magic.not-obeyed"] = {
        .header = [](HeaderBytes bytes) {
        std::ranges::copy(pack<8>(optionMagic), bytes.begin());
    }};
    all["nbd.option.acknowledgement.has-no-data"] = in(
        Opt::list,
        [](const Option&, Step& step) { step.replies.back().data.resize(1); });
    all["nbd.option.many"] = {
        .step = [count = 0](const Option&, Step& step) mutable {
        if (++count > 100)
        {
            step.replies.back().type = Rep::errPolicy;
        }
    }};
    all["nbd.option.refusal.keeps-session"] =
        in(Opt::peekExport,
           [](const Option&, Step& step) { step.next = Phase::closed; });
    all["nbd.option.cut-off"] = endsWhenGoneAfter(4 + 16 + 10);
    all["nbd.option.export-name.empty"] = {
        .step = [asked = false](const Option& option, Step& step) mutable {
        // Not for those who only take the export, as every run does first.
        step = option.code == Opt::exportName && asked ? Step{} : step;
        asked = asked || option.code == Opt::info;
    }};
    all["nbd.option.export-name.length-huge"] = reads(
        [](const OptionHeader& header) { return header.length == 0xffffffff; },
        {Opt{0x7fff}, 16});
}

} // namespace

void addConnectionDefects(Defects& all)
{
    all["nbd.connection.dropped-at-once"] = endsWithConnection(25);
    all["nbd.connection.idle-clients"] = endsWithConnection(95);
    all["nbd.connection.byte-by-byte"] = {
        .received = [count = 0](std::span<std::byte> piece) mutable {
        count = piece.size() == 1 ? count + 1 : 0;
        if (count > 8)
        {
            piece.front() = std::byte{0}; // as if the rest had to be there
        }
    }};
    all["nbd.connection.all-at-once"] = {
        .step = [count = 0](const Option& option, Step& step) mutable {
        if (isUnknown(option.code) && ++count == 2)
        {
            step.replies.front().type = Rep::errPolicy;
        }
    }};
    all["nbd.connection.dropped-anywhere"] = endsWhenGoneAfter(10);
    all["nbd.connection.half-closed"] = {
        .reply = [](const Command& command, Bytes& bytes) {
        if (command.length == 1 << 20)
        {
            bytes.clear(); // as if the end of input were the end of all
        }
    }};
    all["nbd.connection.reset-with-replies-queued"] = {
        .reply = [](const Command&, Bytes&) {
        ::_exit(1); // as if SIGPIPE had ended it
    }};
    all["nbd.client-flags.no-zeroes-not-offered"] = takes(clientNoZeroes);
    all["nbd.client-flags.fixed-newstyle-not-offered"] =
        takes(clientFixedNewstyle);
    addLimitDefects(all);
}

} // namespace conformance::nbd
