// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/negotiator.hpp"

#include <optional>
#include <vector>

namespace conformance::nbd
{

/// All that came in answer to one option.
struct Answer
{
    std::vector<vmedia::nbd::OptionReply> parts{}; ///< before the last
    vmedia::nbd::OptionReply last{};               ///< NBD_REP_ACK or an error

    bool acknowledged() const
    {
        return last.type == vmedia::nbd::Rep::ack;
    }
    /// The data of each NBD_REP_INFO of that type, after the type.
    std::vector<vmedia::nbd::ByteView> infos(vmedia::nbd::Info type) const;
    std::optional<vmedia::nbd::InfoExport> exportInfo() const;
};

} // namespace conformance::nbd
