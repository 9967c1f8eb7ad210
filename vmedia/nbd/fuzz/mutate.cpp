// SPDX-License-Identifier: Apache-2.0
// What libFuzzer's own changes of bytes would take for ever to come upon.
#include "fixtures/fuzz.hpp"
#include "offer.hpp"
#include "scenario.hpp"

#include <algorithm>
#include <cstring>

namespace vmedia::nbd::fuzz
{

namespace
{

using Random = std::minstd_rand;

size_t below(Random& random, size_t count)
{
    return random() % count;
}

template <size_t count>
auto oneOf(Random& random, const auto (&values)[count])
{
    return values[below(random, count)];
}

uint64_t someOffset(Random& random)
{
    constexpr uint64_t offsets[] = {0,
                                    1,
                                    511,
                                    512,
                                    65535,
                                    65536,
                                    diskSize - 512,
                                    diskSize - 1,
                                    diskSize,
                                    diskSize + 1,
                                    1ULL << 32,
                                    1ULL << 62,
                                    (1ULL << 63) - 1,
                                    ~0ULL};
    return below(random, 2) == 0 ? oneOf(random, offsets)
                                 : below(random, diskSize);
}

uint64_t someLength(Random& random)
{
    constexpr uint64_t lengths[] = {
        0,        1,          2,          512,        4096,
        65535,    65536,      65537,      payloadMax, payloadMax + 1,
        diskSize, 0x7fffffff, 0xffffffff, 1ULL << 32, 1ULL << 62,
        ~0ULL};
    return below(random, 2) == 0 ? oneOf(random, lengths) : below(random, 2048);
}

Bytes someBytes(Random& random, size_t most)
{
    Bytes bytes(below(random, most + 1));
    std::ranges::fill(bytes, std::byte(random()));
    return bytes;
}

Message someOption(Random& random)
{
    constexpr Opt codes[] = {Opt::abort,
                             Opt::list,
                             Opt::startTls,
                             Opt::info,
                             Opt::go,
                             Opt::structuredReply,
                             Opt::listMetaContext,
                             Opt::setMetaContext,
                             Opt::extendedHeaders,
                             Opt::exportName,
                             Opt::peekExport,
                             Opt{0x7777}};
    constexpr Info wanted[] = {Info::name, Info::description, Info::blockSize,
                               Info::exportSize, Info{0x7777}};
    constexpr std::string_view queries[] = {"base:allocation", "base:", "x:y"};
    const Opt code = oneOf(random, codes);
    const std::string_view name = oneOf(random, exportNames);
    OptionMessage option{static_cast<uint32_t>(code)};
    switch (code)
    {
        case Opt::exportName:
            nbd::append(option.data, name);
            break;
        case Opt::info:
        case Opt::go:
            option.data = encodeInfoRequest(
                name, std::span(wanted).first(below(random, 6)));
            break;
        case Opt::listMetaContext:
        case Opt::setMetaContext:
            option.data = encodeMetaRequest(
                name, std::span(queries).first(below(random, 4)));
            break;
        default:
            break;
    }
    return option;
}

Message someRequest(Random& random)
{
    constexpr uint16_t someFlags[] = {0, 0, 0, 1, 2, 4, 8, 16, 32, 0x8000};
    RequestMessage request;
    request.flags = oneOf(random, someFlags);
    request.type = Cmd{static_cast<uint16_t>(below(random, 10))};
    if (request.type == Cmd::disc && below(random, 8) != 0)
    {
        request.type = Cmd::read; // not so soon
    }
    request.cookie = below(random, 4);
    request.offset = someOffset(random);
    request.length = someLength(random);
    if (request.type == Cmd::write || below(random, 16) == 0)
    {
        request.payload = someBytes(random, 64);
        request.length = request.payload.size();
    }
    return request;
}

void mutateBytes(Bytes& bytes, Random& random)
{
    const size_t most = bytes.size() + 1 + below(random, 16);
    const size_t size = bytes.size();
    bytes.resize(most);
    bytes.resize(
        LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(bytes.data()), size, most));
}

void change(OptionMessage& option, Random& random)
{
    switch (below(random, 4))
    {
        case 0:
            option.code = static_cast<uint32_t>(below(random, 13));
            break;
        case 1:
            option.lie = below(random, 2) == 0
                             ? 0
                             : static_cast<uint32_t>(someLength(random));
            break;
        default:
            mutateBytes(option.data, random);
    }
}

void change(RequestMessage& request, Random& random)
{
    switch (below(random, 7))
    {
        case 0:
            request.flags ^= static_cast<uint16_t>(1U << below(random, 8));
            break;
        case 1:
            request.type = Cmd{static_cast<uint16_t>(below(random, 10))};
            break;
        case 2:
            request.cookie = below(random, 4);
            break;
        case 3:
            request.offset = someOffset(random);
            break;
        case 4:
            request.length = someLength(random);
            break;
        case 5:
            request.extended = !request.extended;
            break;
        default:
            mutateBytes(request.payload, random);
    }
}

void change(Bytes& raw, Random& random)
{
    mutateBytes(raw, random);
}

/// Behind the last option for a request, before it for an option.
size_t placeFor(const Conversation& conversation, bool request, Random& random)
{
    const auto& all = conversation.messages;
    const auto last = std::find_if(all.rbegin(), all.rend(), [](auto& one) {
        return std::holds_alternative<OptionMessage>(one);
    });
    const auto options = static_cast<size_t>(all.rend() - last);
    return request ? options + below(random, all.size() - options + 1)
                   : below(random, options + 1);
}

} // namespace

void mutate(Conversation& conversation, Random& random)
{
    auto& all = conversation.messages;
    const auto any = [&] {
        return all.begin() + static_cast<ptrdiff_t>(below(random, all.size()));
    };
    const size_t choice = all.empty() ? 0 : below(random, 12);
    if (choice < 5)
    {
        const bool request = below(random, 3) != 0;
        const size_t place = placeFor(conversation, request, random);
        all.insert(all.begin() + static_cast<ptrdiff_t>(place),
                   request ? someRequest(random) : someOption(random));
    }
    else if (choice == 5)
    {
        all.erase(any());
    }
    else if (choice == 6)
    {
        const Message copy = *any();
        all.insert(any(), copy);
    }
    else if (choice == 7)
    {
        std::iter_swap(any(), any());
    }
    else if (choice == 8)
    {
        conversation.clientFlags = static_cast<uint32_t>(below(random, 5));
    }
    else
    {
        std::visit([&](auto& one) { change(one, random); }, *any());
    }
}

namespace
{

constexpr size_t headSize = Circumstances::wireSize;

ByteView said(const uint8_t* data, size_t size)
{
    const ByteView bytes = std::as_bytes(std::span(data, size));
    return bytes.subspan(std::min(headSize, size));
}

size_t put(std::span<const uint8_t> head, const Conversation& conversation,
           uint8_t* out, size_t most)
{
    Bytes bytes(headSize);
    std::memcpy(bytes.data(), head.data(), std::min(head.size(), headSize));
    nbd::append(bytes, conversation.toBytes());
    const size_t size = std::min(bytes.size(), most);
    std::memcpy(out, bytes.data(), size);
    return size;
}

} // namespace

} // namespace vmedia::nbd::fuzz

using namespace vmedia::nbd::fuzz;

size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t maxSize,
                               unsigned int seed)
{
    Random random(seed);
    if (below(random, 8) == 0 || size < headSize)
    {
        return LLVMFuzzerMutate(data, size, maxSize);
    }
    if (below(random, 8) == 0)
    {
        data[below(random, headSize)] = static_cast<uint8_t>(random());
    }
    Conversation conversation = Conversation::of(said(data, size));
    for (size_t times = 1 + below(random, 4); times > 0; --times)
    {
        mutate(conversation, random);
    }
    if (below(random, 4) != 0)
    {
        conversation.align();
    }
    const std::vector<uint8_t> head(data, data + headSize);
    return put(head, conversation, data, maxSize);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                 const uint8_t* data2, size_t size2,
                                 uint8_t* out, size_t maxOutSize,
                                 unsigned int seed)
{
    Random random(seed);
    Conversation first = Conversation::of(said(data1, size1));
    const Conversation second = Conversation::of(said(data2, size2));
    first.messages.resize(below(random, first.messages.size() + 1));
    const auto from = below(random, second.messages.size() + 1);
    first.messages.insert(first.messages.end(),
                          second.messages.begin() +
                              static_cast<ptrdiff_t>(from),
                          second.messages.end());
    first.align();
    return put({data1, size1}, first, out, maxOutSize);
}
