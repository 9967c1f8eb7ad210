// SPDX-License-Identifier: Apache-2.0
// Input: what a dead vmediad left in its journal.
#include "fixtures/fuzz.hpp"
#include "vmedia/service/journal.hpp"

using namespace vmedia;
using namespace vmedia::service;

std::vector<fuzz::Input> fuzz::seeds()
{
    return {
        input(toJson({"b",
                      {{"ISO0", "vmedia-ISO0", "nbd0", ProcessId{412, 9312},
                        ProcessId{400, 9300}, "/run/s", "/run/m", "/run/x"},
                       {"1", "", "nbd1"}}})),
        input(R"({"boot": "", "mountPoints": {}})"),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const Result<Journal> journal = parseJournal(fuzz::text(data, size),
                                                 "j.json");
    if (!journal)
    {
        fuzz::require(describe(journal.error()).find('\n') == std::string::npos,
                      "an error is one line");
        return 0;
    }
    const Result<Journal> again = parseJournal(toJson(*journal), "j.json");
    fuzz::require(again && *again == *journal, "what is written is read");
    for (const Cleaning& one : cleaningOf(*journal, journal->boot))
    {
        fuzz::require(!one.target.empty(), "each has something to do");
        fuzz::require(one.what != Cleaning::What::endProcess ||
                          one.process.pid > 1,
                      "no group and no init is killed");
        fuzz::require(one.what != Cleaning::What::removeFile ||
                          (one.target.starts_with('/') &&
                           one.target.find("/../") == std::string::npos),
                      "a file is where it says");
    }
    return 0;
}
