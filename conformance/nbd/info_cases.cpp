// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/info_bodies.hpp"

#include <algorithm>
#include <array>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view infoSpec =
    "proto.md, Option types, NBD_OPT_INFO (6) and NBD_OPT_GO (7)";
constexpr std::string_view repInfoSpec =
    "proto.md, Option reply types, NBD_REP_INFO (3)";
constexpr std::string_view conventions = "proto.md, Conventions";
constexpr std::string_view saysLength =
    "32 bits, length of name (unsigned); MUST be no larger than the option "
    "data length - 6";
constexpr std::string_view saysString =
    "MUST NOT contain `NUL` characters, SHOULD be no longer than 256 bytes "
    "and MUST be no longer than 4096 bytes. This applies to export names";
constexpr std::string_view wantsRefusal =
    "NBD_REP_ERR_INVALID and a session in step, or a closed connection";

/// A row that is run with either option, each under an id of its own.
struct Row
{
    std::string_view infoId;
    std::string_view goId;
    std::string_view spec;
    std::string_view says;
    Level level;
    std::string_view sends; ///< in the option's data
    std::string_view wants;
    Verdict (*run)(Peer& peer, Opt option);
};

constexpr Row rows[] = {
    {
        .infoId = "nbd.option.info.known",
        .goId = "nbd.option.go.known",
        .spec = infoSpec,
        .says = "the server MUST send at least one `NBD_REP_INFO`, with an "
                "`NBD_INFO_EXPORT` information type",
        .level = Level::must,
        .sends = "the export's name and no requests",
        .wants = "NBD_INFO_EXPORT of length 12, NBD_REP_ACK without data, "
                 "and then the phase that the option leads to",
        .run = info::known,
    },
    {
        .infoId = "nbd.option.info.export-unasked",
        .goId = "nbd.option.go.export-unasked",
        .spec = repInfoSpec,
        .says = "The server MUST send an `NBD_INFO_EXPORT` information type "
                "at some point before sending an `NBD_REP_ACK`",
        .level = Level::must,
        .sends = "the export's name, a request for NBD_INFO_NAME only",
        .wants = "NBD_INFO_EXPORT all the same, then NBD_REP_ACK",
        .run = info::exportAlways,
    },
    {
        .infoId = "nbd.option.info.unknown-request-ignored",
        .goId = "nbd.option.go.unknown-request-ignored",
        .spec = infoSpec,
        .says = "The server MUST ignore any information requests it does not "
                "understand",
        .level = Level::must,
        .sends = "the export's name, requests 0x7777 and 0xffff",
        .wants = "NBD_REP_ACK",
        .run = info::unknownRequests,
    },
    {
        .infoId = "nbd.option.info.each-type-once",
        .goId = "nbd.option.go.each-type-once",
        .spec = repInfoSpec,
        .says = "A particular information type SHOULD only appear once for a "
                "given export unless documented otherwise",
        .level = Level::should,
        .sends = "the export's name, a request for each of the four types",
        .wants = "each type at most once",
        .run = info::eachTypeOnce,
    },
    {
        .infoId = "nbd.option.info.unknown-name",
        .goId = "nbd.option.go.unknown-name",
        .spec = infoSpec,
        .says = "`NBD_REP_ERR_UNKNOWN`: The chosen export does not exist on "
                "this server",
        .level = Level::must,
        .sends = "a name that no export has",
        .wants = "NBD_REP_ERR_UNKNOWN, then a session that still answers",
        .run = info::unknownName,
    },
    {
        .infoId = "nbd.option.info.unknown-name-tells-nothing",
        .goId = "nbd.option.go.unknown-name-tells-nothing",
        .spec = infoSpec,
        .says = "In this case, the server SHOULD NOT send `NBD_REP_INFO` "
                "replies",
        .level = Level::should,
        .sends = "a name that no export has, requests for name and sizes",
        .wants = "no NBD_REP_INFO before NBD_REP_ERR_UNKNOWN",
        .run = info::unknownNameBare,
    },
    {
        .infoId = "nbd.option.info.data-too-short",
        .goId = "nbd.option.go.data-too-short",
        .spec = infoSpec,
        .says = saysLength,
        .level = Level::must,
        .sends = "0, 4 and 5 bytes, where the shortest form has 6",
        .wants = wantsRefusal,
        .run = info::dataTooShort,
    },
    {
        .infoId = "nbd.option.info.name-beyond-data",
        .goId = "nbd.option.go.name-beyond-data",
        .spec = infoSpec,
        .says = saysLength,
        .level = Level::must,
        .sends = "name lengths 3 and 64 where the data holds 1 byte of name",
        .wants = wantsRefusal,
        .run = info::nameBeyondData,
    },
    {
        .infoId = "nbd.option.info.name-length-huge",
        .goId = "nbd.option.go.name-length-huge",
        .spec = infoSpec,
        .says = saysLength,
        .level = Level::must,
        .sends = "name lengths 0xffffffff and 0xfffffffe in 7 bytes of data "
                 "(the shape of CVE-2022-26496)",
        .wants = wantsRefusal,
        .run = info::nameLengthHuge,
    },
    {
        .infoId = "nbd.option.info.requests-beyond-data",
        .goId = "nbd.option.go.requests-beyond-data",
        .spec = infoSpec,
        .says = "16 bits, number of information requests; 16 bits x n - list "
                "of `NBD_INFO` information requests",
        .level = Level::robustness,
        .sends = "2 requests announced and 1 sent; 65535 announced, none sent",
        .wants = wantsRefusal,
        .run = info::requestsBeyondData,
    },
    {
        .infoId = "nbd.option.info.trailing-data",
        .goId = "nbd.option.go.trailing-data",
        .spec = infoSpec,
        .says = "16 bits, number of information requests; 16 bits x n - list "
                "of `NBD_INFO` information requests",
        .level = Level::robustness,
        .sends = "the export's name, no requests, and one byte more",
        .wants = "NBD_REP_ERR_INVALID or NBD_REP_ACK and a session in step, "
                 "or a closed connection",
        .run = info::trailingData,
    },
    {
        .infoId = "nbd.option.info.longest-name",
        .goId = "nbd.option.go.longest-name",
        .spec = conventions,
        .says = saysString,
        .level = Level::must,
        .sends = "a name of 4096 bytes",
        .wants = "any answer that ends, then a session in step (the shape of "
                 "CVE-2020-10761)",
        .run = info::longestName,
    },
    {
        .infoId = "nbd.option.info.name-too-long",
        .goId = "nbd.option.go.name-too-long",
        .spec = conventions,
        .says = saysString,
        .level = Level::must,
        .sends = "names of 4097 and 65536 bytes",
        .wants = "an error and a session in step, or a closed connection",
        .run = info::nameTooLong,
    },
    {
        .infoId = "nbd.option.info.nul-is-no-end",
        .goId = "nbd.option.go.nul-is-no-end",
        .spec = conventions,
        .says = saysString,
        .level = Level::must,
        .sends = "the export's name, a NUL and an x",
        .wants = "an error and a session in step, or a closed connection: "
                 "that name cannot exist",
        .run = info::nameWithNul,
    },
    {
        .infoId = "nbd.option.info.requests-before-end",
        .goId = "nbd.option.go.requests-before-end",
        .spec = infoSpec,
        .says = "16 bits, number of information requests; 16 bits x n - list "
                "of `NBD_INFO` information requests",
        .level = Level::robustness,
        .sends = "the export's name, 1 request announced and 2 sent",
        .wants = "NBD_REP_ERR_INVALID or NBD_REP_ACK and a session in step, "
                 "or a closed connection",
        .run = info::requestsBeforeEnd,
    },
    {
        .infoId = "nbd.option.info.empty-name",
        .goId = "nbd.option.go.empty-name",
        .spec = infoSpec,
        .says = "If no name is specified (i.e. a zero length string is "
                "provided), this specifies the default export (if any)",
        .level = Level::may,
        .sends = "an empty name",
        .wants = "NBD_REP_ACK or NBD_REP_ERR_UNKNOWN, and a session in step",
        .run = info::emptyName,
    },
    {
        .infoId = "nbd.option.info.name-not-text",
        .goId = "nbd.option.go.name-not-text",
        .spec = conventions,
        .says = "that string is a sequence of UTF-8 code points, which is "
                "not `NUL` terminated",
        .level = Level::may,
        .sends = "a name that is no UTF-8",
        .wants = "any answer and a session in step, or a closed connection",
        .run = info::nameNotText,
    },
    {
        .infoId = "nbd.option.info.asked-twice",
        .goId = "nbd.option.go.asked-twice",
        .spec = repInfoSpec,
        .says = "A particular information type SHOULD only appear once for a "
                "given export unless documented otherwise",
        .level = Level::should,
        .sends = "the export's name, each of the four requests twice",
        .wants = "each type at most once, or NBD_REP_ERR_INVALID: a client "
                 "must not ask twice",
        .run = info::askedTwice,
    },
    {
        .infoId = "nbd.option.info.texts-are-strings",
        .goId = "nbd.option.go.texts-are-strings",
        .spec = conventions,
        .says = saysString,
        .level = Level::must,
        .sends = "requests for the name and the description",
        .wants = "valid UTF-8 up to 4096 bytes without NUL in what comes",
        .run = info::textsAreStrings,
    },
    {
        .infoId = "nbd.option.info.name-as-listed",
        .goId = "nbd.option.go.name-as-listed",
        .spec = repInfoSpec,
        .says = "This information type represents the same name that would "
                "appear in the name portion of an `NBD_REP_SERVER` in "
                "response to `NBD_OPT_LIST`",
        .level = Level::must,
        .sends = "a request for the name, after NBD_OPT_LIST",
        .wants = "NBD_INFO_NAME with a name of the list, if both come",
        .run = info::nameAsListed,
    },
};

/// "NBD_OPT_GO with …": what is sent, as whole text for a report.
template <Opt option, size_t index>
struct Sends
{
    static constexpr std::string_view before =
        option == Opt::go ? "NBD_OPT_GO with " : "NBD_OPT_INFO with ";
    static constexpr std::string_view after = rows[index].sends;
    static constexpr auto text = [] {
        std::array<char, before.size() + after.size()> out{};
        std::ranges::copy(after, std::ranges::copy(before, out.begin()).out);
        return out;
    }();
};

template <Opt option, size_t index>
constexpr Case caseOf()
{
    constexpr const auto& sends = Sends<option, index>::text;
    constexpr const Row& row = rows[index];
    return {
        .id = option == Opt::go ? row.goId : row.infoId,
        .spec = row.spec,
        .says = row.says,
        .level = row.level,
        .subject = Subject::server,
        .sends = {sends.data(), sends.size()},
        .wants = row.wants,
        .run = [](Peer& peer) { return rows[index].run(peer, option); },
    };
}

template <Opt option, size_t... indices>
constexpr auto casesOf(std::index_sequence<indices...>)
{
    return std::array{caseOf<option, indices>()...};
}

constexpr auto all = std::make_index_sequence<std::size(rows)>{};
constexpr auto infoCases = casesOf<Opt::info>(all);
constexpr auto goCases = casesOf<Opt::go>(all);

} // namespace

const Area infoArea{"info", infoCases};
const Area goArea{"go", goCases};

} // namespace conformance::nbd
