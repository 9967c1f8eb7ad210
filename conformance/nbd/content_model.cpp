// SPDX-License-Identifier: Apache-2.0
#include "content_model.hpp"

#include <algorithm>
#include <utility>

namespace conformance::nbd
{

namespace
{

size_t indexOf(std::byte value)
{
    return std::to_integer<size_t>(value);
}

} // namespace

ContentModel::ContentModel(vmedia::nbd::ByteView content) :
    bytes(content.size())
{
    for (size_t i = 0; i < content.size(); ++i)
    {
        bytes[i].before.set(indexOf(content[i]));
    }
}

void ContentModel::beginChange(uint64_t cookie, size_t offset, size_t length,
                               std::optional<std::byte> value)
{
    changes.emplace(cookie, Change{offset, length});
    Values put;
    value ? put.set(indexOf(*value)) : put.set();
    for (size_t i = offset; i < offset + length; ++i)
    {
        ++bytes.at(i).inFlight;
        bytes[i].changes |= put;
    }
    for (auto& [_, read] : reads)
    {
        const size_t end = std::min(offset + length,
                                    read.offset + read.allowed.size());
        for (size_t i = std::max(offset, read.offset); i < end; ++i)
        {
            read.allowed[i - read.offset] |= put;
        }
    }
}

void ContentModel::endChange(uint64_t cookie)
{
    const auto [offset, length] = changes.at(cookie);
    for (size_t i = offset; i < offset + length; ++i)
    {
        Byte& byte = bytes[i];
        if (--byte.inFlight == 0)
        {
            byte.before = std::exchange(byte.changes, {});
        }
    }
    changes.erase(cookie);
}

void ContentModel::beginRead(uint64_t cookie, size_t offset, size_t length)
{
    Read read{offset, {}};
    read.allowed.reserve(length);
    for (size_t i = offset; i < offset + length; ++i)
    {
        read.allowed.push_back(bytes.at(i).before | bytes[i].changes);
    }
    reads.emplace(cookie, std::move(read));
}

std::optional<size_t> ContentModel::endRead(uint64_t cookie,
                                            vmedia::nbd::ByteView data)
{
    const Read read = std::move(reads.at(cookie));
    reads.erase(cookie);
    for (size_t i = 0; i < read.allowed.size(); ++i)
    {
        if (i >= data.size() || !read.allowed[i].test(indexOf(data[i])))
        {
            return read.offset + i;
        }
    }
    return std::nullopt;
}

} // namespace conformance::nbd
