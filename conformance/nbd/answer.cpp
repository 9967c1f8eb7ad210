// SPDX-License-Identifier: Apache-2.0
#include "answer.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

std::vector<ByteView> Answer::infos(Info type) const
{
    std::vector<ByteView> found;
    for (const OptionReply& part : parts)
    {
        if (part.type == Rep::info && part.data.size() >= 2 &&
            Info{Reader{part.data}.u16()} == type)
        {
            found.push_back(ByteView(part.data).subspan(2));
        }
    }
    return found;
}

std::optional<InfoExport> Answer::exportInfo() const
{
    for (const OptionReply& part : parts)
    {
        if (const auto decoded = decodeInfoExport(part.data);
            part.type == Rep::info && decoded)
        {
            return *decoded;
        }
    }
    return std::nullopt;
}

} // namespace conformance::nbd
