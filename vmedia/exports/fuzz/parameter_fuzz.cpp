// SPDX-License-Identifier: Apache-2.0
// Input: which plugin, then the words after it, one a line. Only plugins that
// open nothing outside this process.
#include "fixtures/fuzz.hpp"
#include "vmedia/exports/open.hpp"

#include <algorithm>
#include <limits>

using namespace vmedia;
using namespace vmedia::exports;

namespace
{

constexpr std::string_view plugins[] = {"null", "pattern", "overlay", "", "x"};

std::vector<std::string> linesOf(std::string_view text)
{
    constexpr size_t most = 8;
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < most)
    {
        const size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// Those would open a file, a connection, or take memory by the size.
bool reachesOut(const std::vector<std::string>& words)
{
    return std::ranges::any_of(words, [](const std::string& word) {
        return word == "file" || word == "forward" || word == "memory";
    });
}

void checkSize(std::string_view text)
{
    const Result<uint64_t> size = parseSize(text);
    if (!size)
    {
        const std::string line = describe(size.error());
        fuzz::require(line.find('\n') == line.npos, "an error is one line");
        return;
    }
    fuzz::require(*size > 0 &&
                      *size <= uint64_t{std::numeric_limits<int64_t>::max()},
                  "a size is of 63 bits and not 0");
    fuzz::require(parseSize(std::to_string(*size)) == *size,
                  "the number of bytes is the same size");
}

} // namespace

std::vector<fuzz::Input> fuzz::seeds()
{
    using namespace std::string_view_literals;
    return {
        input("\x00"
              "512"sv),
        input("\x00size=64K"sv),
        input("\x01"
              "1G"sv),
        input("\x01"
              "8E"sv),
        input("\x02null\n1M"sv),
        input("\x02pattern\nsize=7P"sv),
        input("\x00"
              "9223372036854775807"sv),
        input("\x04nothing"sv),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    fuzz::Choices choices(data, size);
    const std::string_view plugin =
        plugins[choices.byte() % std::size(plugins)];
    const auto left = choices.left();
    const std::string_view text = fuzz::text(left.data(), left.size());
    checkSize(text);
    const std::vector<std::string> words = linesOf(text);
    if (reachesOut(words))
    {
        return 0;
    }
    const auto opened = openExport(plugin, words, Access::readOnly);
    if (!opened)
    {
        fuzz::require(!describe(opened.error()).empty(), "an error has a text");
        return 0;
    }
    const uint64_t bytes = (*opened)->size();
    fuzz::require(bytes > 0, "an export has a size");
    std::byte last{};
    fuzz::require((*opened)->read({&last, 1}, bytes - 1) == 0,
                  "the last byte can be read");
    return 0;
}
