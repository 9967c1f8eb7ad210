// SPDX-License-Identifier: Apache-2.0
#include "fixtures/fuzz.hpp"
#include "scenario.hpp"

#include <algorithm>

namespace vmedia::nbd::fuzz
{

namespace
{

OptionMessage option(Opt code, Bytes data = {})
{
    return {static_cast<uint32_t>(code), 0, std::move(data)};
}

OptionMessage choose(Opt code, std::string_view name)
{
    constexpr Info wanted[] = {Info::name, Info::blockSize, Info::description};
    return option(code, encodeInfoRequest(name, wanted));
}

OptionMessage exportName(std::string_view name)
{
    OptionMessage message = option(Opt::exportName);
    append(message.data, name);
    return message;
}

OptionMessage context(Opt code, std::string_view name)
{
    constexpr std::string_view queries[] = {"base:allocation"};
    return option(code, encodeMetaRequest(name, queries));
}

RequestMessage request(Cmd type, uint64_t cookie, uint64_t offset,
                       uint64_t length, uint16_t flags = 0)
{
    RequestMessage message{false, flags, type, cookie, offset, length};
    if (type == Cmd::write)
    {
        message.payload.assign(length, std::byte{0xa5});
    }
    return message;
}

/// Each command, in the order of their numbers; the disk's are near its start.
std::vector<Message> commands()
{
    return {request(Cmd::write, 1, 512, 32, commandFua),
            request(Cmd::write, 1, 4096, 0),
            request(Cmd::read, 2, 500, 64),
            request(Cmd::read, 3, 0, 70000),
            request(Cmd::flush, 4, 0, 0),
            request(Cmd::trim, 5, 0, 65536),
            request(Cmd::cache, 6, 0, 4096),
            request(Cmd::writeZeroes, 7, 512, 8, commandNoHole),
            request(Cmd::blockStatus, 8, 0, 131072),
            request(Cmd::blockStatus, 9, 0, 131072, commandReqOne),
            request(Cmd::read, 1, 1000, 1, commandDf),
            request(Cmd::resize, 2, 0, 0),
            request(Cmd::read, 3, 1 << 30, 512),
            request(Cmd::disc, 4, 0, 0)};
}

::fuzz::Input seed(std::vector<uint8_t> head, std::vector<Message> begins,
                   const std::vector<Message>& goesOn, uint32_t flags = 3)
{
    Conversation conversation{flags, std::move(begins)};
    conversation.messages.insert(conversation.messages.end(), goesOn.begin(),
                                 goesOn.end());
    conversation.align();
    head.resize(Circumstances::wireSize);
    std::ranges::transform(conversation.toBytes(), std::back_inserter(head),
                           [](std::byte b) { return uint8_t(b); });
    return head;
}

} // namespace

std::vector<std::vector<uint8_t>> conversationSeeds()
{
    const OptionMessage structured = option(Opt::structuredReply);
    const OptionMessage extended = option(Opt::extendedHeaders);
    const OptionMessage startTls = option(Opt::startTls);
    const OptionMessage set = context(Opt::setMetaContext, "disk");
    const std::vector<Message> all = commands();
    std::vector<std::vector<uint8_t>> seeds = {
        seed({}, {choose(Opt::go, "disk")}, all),
        seed({}, {structured, set, choose(Opt::go, "disk")}, all),
        seed({}, {extended, set, choose(Opt::go, "disk")}, all),
        seed({}, {exportName("disk")}, all, 0),
        seed({}, {exportName("pattern")}, all, 3),
        seed({8}, {structured, choose(Opt::go, "file")}, all),
        seed({8}, {extended, choose(Opt::go, "file")}, all),
        seed({0, 0, 0, 0, 1}, {choose(Opt::go, "disk")}, all),
        seed({0, 0, 0, 0, 27, 28, 29, 3}, {structured, choose(Opt::go, "null")},
             all),
        seed({5}, {structured, startTls, set, choose(Opt::go, "secret")}, all),
        seed({6},
             {option(Opt::list), startTls, option(Opt::list), extended,
              choose(Opt::go, "secret")},
             all),
        seed({2}, {startTls, option(Opt::list)}, {}),
        seed({16, 2, 0, 0, 60}, {choose(Opt::go, "disk")}, all),
        seed({32, 0, 1, 0}, {structured, choose(Opt::go, "disk")}, all),
        seed({0x80}, {structured, choose(Opt::go, "disk")}, all),
        seed({0xc0}, {extended, choose(Opt::go, "disk")}, all),
        seed({},
             {option(Opt{0x7777}), option(Opt::list), choose(Opt::info, "disk"),
              context(Opt::listMetaContext, "disk"), choose(Opt::go, "nobody"),
              option(Opt::peekExport), option(Opt::abort)},
             {}),
    };
    return seeds;
}

} // namespace vmedia::nbd::fuzz

std::vector<fuzz::Input> fuzz::seeds()
{
    return vmedia::nbd::fuzz::conversationSeeds();
}
