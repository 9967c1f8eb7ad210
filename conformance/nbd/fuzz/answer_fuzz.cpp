// SPDX-License-Identifier: Apache-2.0
// Input: the data of the replies that a server under test sends, each after two
// bytes of its length.
#include "conformance/nbd/answer.hpp"
#include "conformance/nbd/text.hpp"
#include "fixtures/fuzz.hpp"

#include <algorithm>

using namespace vmedia::nbd;

namespace
{

Bytes taken(fuzz::Choices& choices)
{
    const uint64_t length = choices.number(2);
    Bytes data;
    while (data.size() < length && !choices.left().empty())
    {
        data.push_back(std::byte{choices.byte()});
    }
    return data;
}

template <size_t count>
void add(fuzz::Input& input, const std::array<std::byte, count>& data)
{
    input.insert(input.end(), {0, uint8_t(count)});
    std::ranges::transform(data, std::back_inserter(input),
                           [](std::byte b) { return uint8_t(b); });
}

} // namespace

std::vector<fuzz::Input> fuzz::seeds()
{
    using namespace literals;
    Input infos;
    add(infos, encode(InfoExport{1 << 20, hasFlags}));
    add(infos, encode(InfoBlockSize{1, 4096, 32U << 20}));
    add(infos, "0001 6469736b"_hex);
    Input texts;
    add(texts, "0002 c3a4 e282ac f09f9880"_hex);
    add(texts, "0002 c0af ed a080 f4908080"_hex);
    return {infos, texts};
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    constexpr size_t partsMax = 64;
    fuzz::Choices choices(data, size);
    conformance::nbd::Answer answer;
    while (!choices.left().empty() && answer.parts.size() < partsMax)
    {
        answer.parts.push_back({Opt::go, Rep::info, taken(choices)});
    }
    size_t told = 0;
    for (const Info type :
         {Info::exportSize, Info::name, Info::description, Info::blockSize})
    {
        for (const ByteView info : answer.infos(type))
        {
            const std::string fault = conformance::nbd::stringFault(info);
            const bool hasNul = std::ranges::find(info, std::byte{0}) !=
                                info.end();
            fuzz::require(!hasNul || !fault.empty(), "a NUL is a fault");
            ++told;
        }
    }
    fuzz::require(told <= answer.parts.size(), "each part is of one type");
    const auto info = answer.exportInfo();
    fuzz::require(!info || !answer.infos(Info::exportSize).empty(),
                  "what was told was in a part");
    return 0;
}
