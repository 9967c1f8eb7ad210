// SPDX-License-Identifier: Apache-2.0
#include "framings.hpp"

#include <gtest/gtest.h>

namespace conformance::ws
{

using namespace vmedia::nbd::literals;

namespace
{

std::string inWords(const std::vector<Frame>& frames)
{
    std::string text;
    for (const Frame& one : frames)
    {
        text += describe(*parseHeader(encode(one))) + "; ";
    }
    return text;
}

TEST(Fragments, AreOneMessage)
{
    const auto bytes = "01 02 03 04 05"_hex;
    const auto fragments = fragmentsOf(bytes, {2, 1});
    EXPECT_EQ(inWords(fragments), "binary, 2 bytes, not final; continuation, 1 "
                                  "bytes, not final; "
                                  "continuation, 2 bytes; ");
    Bytes all;
    for (const Frame& one : fragments)
    {
        vmedia::nbd::append(all, ByteView(one.payload));
    }
    EXPECT_EQ(all, Bytes(bytes.begin(), bytes.end()));
}

TEST(Fragments, MayBeEmpty)
{
    const auto bytes = "01 02 03"_hex;
    EXPECT_EQ(inWords(fragmentsOf(bytes, {0, 3})), "binary, 0 bytes, not "
                                                   "final; continuation, 3 "
                                                   "bytes, not final; "
                                                   "continuation, 0 bytes; ");
    EXPECT_EQ(inWords(fragmentsOf({}, {0})), "binary, 0 bytes, not final; "
                                             "continuation, 0 bytes; ");
}

TEST(Fragments, HaveNoMoreThanThereIs)
{
    const auto bytes = "01 02"_hex;
    EXPECT_EQ(inWords(fragmentsOf(bytes, {5})), "binary, 2 bytes, not final; "
                                                "continuation, 0 bytes; ");
    EXPECT_EQ(inWords(fragmentsOf(bytes, {})), "binary, 2 bytes; ");
}

} // namespace

} // namespace conformance::ws
