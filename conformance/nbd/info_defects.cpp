// SPDX-License-Identifier: Apache-2.0
#include "defects.hpp"

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

using Change = std::function<void(const Option& option, Step& step)>;
using Match = std::function<bool(const Option& option)>;

/// Breaks the rule in NBD_OPT_INFO or in NBD_OPT_GO only.
Deviation in(Opt option, Change change)
{
    return {.step = [=](const Option& seen, Step& step) {
        if (seen.code == option)
        {
            change(seen, step);
        }
    }};
}

/// The same rule for both options; each case has a defect of its own.
void addBoth(Defects& all, std::string_view infoId, std::string_view goId,
             const Change& change)
{
    all[infoId] = in(Opt::info, change);
    all[goId] = in(Opt::go, change);
}

std::vector<Info> wantedIn(const Option& option)
{
    const auto request = decodeInfoRequest(option.data);
    return request ? request->wanted : std::vector<Info>{};
}

/// The name's length as the option tells it, true or not.
uint32_t nameLength(const Option& option)
{
    return option.data.size() < 4 ? 0 : Reader{option.data}.u32();
}

bool isInfo(const OptionReply& reply, Info type)
{
    return reply.type == Rep::info && reply.data.size() >= 2 &&
           Info{Reader{reply.data}.u16()} == type;
}

void dropExportInfo(Step& step)
{
    std::erase_if(step.replies, [](const OptionReply& reply) {
        return isInfo(reply, Info::exportSize);
    });
}

/// As if the export were there. Not in transmission: there is none to serve.
Step accepted(Opt option)
{
    const auto data = encode(InfoExport{1 << 20, hasFlags});
    return {
        Phase::options,
        {{option, Rep::info, {data.begin(), data.end()}}, {option, Rep::ack}}};
}

Change neverAnswers(Match matches)
{
    return [=](const Option& option, Step& step) {
        step = matches(option) ? Step{} : step;
    };
}

Change accepts(Match matches)
{
    return [=](const Option& option, Step& step) {
        step = matches(option) ? accepted(option.code) : step;
    };
}

/// Changes the data of every info of that type.
Deviation changesInfo(Opt option, Info type, std::function<void(Bytes&)> change)
{
    return in(option, [=](const Option&, Step& step) {
        for (OptionReply& reply : step.replies)
        {
            if (isInfo(reply, type))
            {
                change(reply.data);
            }
        }
    });
}

void addSuccessDefects(Defects& all)
{
    addBoth(all, "nbd.option.info.known", "nbd.option.go.known",
            [](const Option& option, Step& step) {
        if (wantedIn(option).empty())
        {
            dropExportInfo(step);
        }
    });
    addBoth(all, "nbd.option.info.export-unasked",
            "nbd.option.go.export-unasked",
            [](const Option& option, Step& step) {
        if (wantedIn(option) == std::vector{Info::name})
        {
            dropExportInfo(step);
        }
    });
    addBoth(all, "nbd.option.info.unknown-request-ignored",
            "nbd.option.go.unknown-request-ignored",
            [](const Option& option, Step& step) {
        if (std::ranges::count(wantedIn(option), Info{0xffff}) != 0)
        {
            step = {Phase::options, {{option.code, Rep::errInvalid}}};
        }
    });
    addBoth(all, "nbd.option.info.each-type-once",
            "nbd.option.go.each-type-once",
            [](const Option& option, Step& step) {
        if (wantedIn(option).size() == 4)
        {
            const OptionReply first = step.replies.front();
            step.replies.insert(step.replies.begin(), first);
        }
    });
}

void addNameDefects(Defects& all)
{
    addBoth(all, "nbd.option.info.unknown-name", "nbd.option.go.unknown-name",
            [](const Option&, Step& step) {
        OptionReply& last = step.replies.back();
        last.type = last.type == Rep::errUnknown ? Rep::errPolicy : last.type;
    });
    addBoth(all, "nbd.option.info.unknown-name-tells-nothing",
            "nbd.option.go.unknown-name-tells-nothing",
            [](const Option& option, Step& step) {
        if (step.replies.back().type == Rep::errUnknown)
        {
            step.replies.insert(step.replies.begin(),
                                accepted(option.code).replies.front());
        }
    });
    addBoth(all, "nbd.option.info.longest-name", "nbd.option.go.longest-name",
            neverAnswers([](const Option& option) {
        return nameLength(option) == stringMax;
    }));
    addBoth(all, "nbd.option.info.name-too-long", "nbd.option.go.name-too-long",
            accepts([](const Option& option) {
        return nameLength(option) == stringMax + 1;
    }));
    addBoth(all, "nbd.option.info.nul-is-no-end", "nbd.option.go.nul-is-no-end",
            accepts([](const Option& option) {
        const auto request = decodeInfoRequest(option.data);
        return request && request->name.find('\0') != std::string_view::npos;
    }));
}

void addLengthDefects(Defects& all)
{
    addBoth(all, "nbd.option.info.data-too-short",
            "nbd.option.go.data-too-short",
            neverAnswers(
                [](const Option& option) { return option.data.size() == 5; }));
    addBoth(all, "nbd.option.info.name-beyond-data",
            "nbd.option.go.name-beyond-data", accepts([](const Option& option) {
        return nameLength(option) == 64 && option.data.size() == 7;
    }));
    addBoth(all, "nbd.option.info.name-length-huge",
            "nbd.option.go.name-length-huge", [](const Option& option, Step&) {
        if (nameLength(option) == 0xfffffffe)
        {
            ::_exit(1); // it wrapped, and read beyond the data
        }
    });
    // Not decodable, and still the name is within the data.
    const auto holdsName = [](const Option& option) {
        return !decodeInfoRequest(option.data) && option.data.size() >= 6 &&
               nameLength(option) <= option.data.size() - 6;
    };
    addBoth(all, "nbd.option.info.requests-beyond-data",
            "nbd.option.go.requests-beyond-data", neverAnswers(holdsName));
    addBoth(all, "nbd.option.info.trailing-data", "nbd.option.go.trailing-data",
            neverAnswers(holdsName));
}

void addAskedDefects(Defects& all)
{
    addBoth(all, "nbd.option.info.requests-before-end",
            "nbd.option.go.requests-before-end",
            neverAnswers([](const Option& option) {
        return !decodeInfoRequest(option.data) && option.data.size() >= 6;
    }));
    addBoth(all, "nbd.option.info.empty-name", "nbd.option.go.empty-name",
            [](const Option& option, Step& step) {
        if (nameLength(option) == 0)
        {
            step = {Phase::options, {{option.code, Rep::errUnsup}}};
        }
    });
    addBoth(all, "nbd.option.info.name-not-text", "nbd.option.go.name-not-text",
            neverAnswers([](const Option& option) {
        const auto request = decodeInfoRequest(option.data);
        return request && request->name.find('\xff') != std::string_view::npos;
    }));
    addBoth(all, "nbd.option.info.asked-twice", "nbd.option.go.asked-twice",
            [](const Option& option, Step& step) {
        if (wantedIn(option).size() == 8)
        {
            const OptionReply first = step.replies.front();
            step.replies.insert(step.replies.begin(), first);
        }
    });
    const auto growsName = [](std::byte with) {
        return [with](const Option&, Step& step) {
            for (OptionReply& reply : step.replies)
            {
                if (isInfo(reply, Info::name))
                {
                    reply.data.push_back(with);
                }
            }
        };
    };
    addBoth(all, "nbd.option.info.texts-are-strings",
            "nbd.option.go.texts-are-strings", growsName(std::byte{0}));
    addBoth(all, "nbd.option.info.name-as-listed",
            "nbd.option.go.name-as-listed", growsName(std::byte{'x'}));
}

void addEntryDefects(Defects& all)
{
    all["nbd.option.go.same-for-any-requests"] =
        in(Opt::go, [](const Option& option, Step& step) {
        if (wantedIn(option).size() == 2)
        {
            dropExportInfo(step);
        }
    });
    const auto exportByte = [](Opt option, size_t at, uint8_t clear,
                               uint8_t set) {
        return changesInfo(option, Info::exportSize, [=](Bytes& data) {
            data[at] = (data[at] & ~std::byte{clear}) | std::byte{set};
        });
    };
    constexpr size_t high = 10; // of the flags, after type and size
    constexpr size_t low = 11;
    all["nbd.option.go.same-as-info"] = exportByte(Opt::info, 2, 0, 1);
    all["nbd.option.go.no-zeroes"] = in(Opt::go, [](const Option&, Step& step) {
        step.raw.resize(step.next == Phase::transmission ? 124 : 0);
    });
    all["nbd.option.go.forgets-info"] = {
        .step = [known = false](const Option& option, Step& step) mutable {
        known = known || (option.code == Opt::info &&
                          step.replies.back().type == Rep::ack);
        if (option.code == Opt::go && known)
        {
            step = accepted(option.code);
        }
    }};
    all["nbd.transmission-flags.has-flags"] = exportByte(Opt::go, low, 1, 0);
    all["nbd.transmission-flags.df-needs-structured-replies"] =
        exportByte(Opt::go, low, 0, sendDf);
    all["nbd.transmission-flags.fast-zero-needs-write-zeroes"] =
        changesInfo(Opt::go, Info::exportSize, [](Bytes& data) {
        data[high] |= std::byte{sendFastZero >> 8};
        data[low] &= ~std::byte{sendWriteZeroes};
    });
    all["nbd.transmission-flags.unknown-bits-clear"] = exportByte(Opt::go, high,
                                                                  0, 0x20);
}

void addBlockSizeDefects(Defects& all)
{
    const auto sets = [](size_t at, uint32_t value) {
        return changesInfo(Opt::info, Info::blockSize, [=](Bytes& data) {
            std::ranges::copy(pack<4>(value),
                              data.begin() + static_cast<std::ptrdiff_t>(at));
        });
    };
    all["nbd.block-size.length"] =
        changesInfo(Opt::info, Info::blockSize,
                    [](Bytes& data) { data.push_back(std::byte{0}); });
    all["nbd.block-size.minimum"] = sets(2, 3);
    all["nbd.block-size.preferred"] = sets(6, 256);
    all["nbd.block-size.maximum"] = sets(10, 512);
}

} // namespace

void addInfoDefects(Defects& all)
{
    addSuccessDefects(all);
    addNameDefects(all);
    addLengthDefects(all);
    addAskedDefects(all);
    addEntryDefects(all);
    addBlockSizeDefects(all);
}

} // namespace conformance::nbd
