// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

namespace conformance
{

/// A case for the tests of reports.
inline Record record(std::string_view id, Level level, Verdict verdict)
{
    return {.id = id,
            .area = "greeting",
            .level = level,
            .spec = "proto.md, Conventions",
            .says = "MUST be so",
            .sends = "a thing",
            .wants = "an answer",
            .verdict = std::move(verdict),
            .wire = {.began = 1'000'000,
                     .entries = {{.kind = WireKind::note, .text = "a thing"},
                                 {.kind = WireKind::silence,
                                  .at = 1000,
                                  .connection = 1,
                                  .text = "within 1 ms"}}}};
}

/// One pass, one failure, one choice, one that did not apply.
inline Run aRun()
{
    return {.suite = "nbd-server",
            .target = "nbd://host:10809",
            .found = "handshake flags 0x3",
            .repeat = "vmedia-conform nbd-server nbd://host:10809",
            .seed = 7,
            .records = {
                record("nbd.a", Level::must, passed()),
                record("nbd.b", Level::must, failed("silence")),
                record("nbd.c", Level::may, noted("a choice")),
                record("nbd.d", Level::must, notApplicable("no such thing"))}};
}

} // namespace conformance
