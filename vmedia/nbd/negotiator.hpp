// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "wire.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::nbd
{

/// What a server tells of an export before transmission.
struct ExportInfo
{
    std::string name; ///< at most 4096 bytes; "" is the default export
    std::string description{};
    uint64_t size = 0;
    uint16_t flags = hasFlags; ///< TransmissionFlag
    InfoBlockSize blockSize{1, 4096, 32U << 20};
};

/// One option as it came: the data is borrowed from the input.
struct Option
{
    Opt code;
    ByteView data;
};

/// One reply to an option.
struct OptionReply
{
    Opt option;
    Rep type;
    Bytes data{};
    bool operator==(const OptionReply&) const = default;
};

enum class Phase : uint8_t
{
    options,
    transmission,
    closed,
};

/// What to do after an option: send the replies, then go to @p next.
struct Step
{
    Phase next = Phase::options;
    std::vector<OptionReply> replies{};
    Bytes raw{}; ///< sent after the replies; NBD_OPT_EXPORT_NAME has no reply
};

/// How much a client may ask for before transmission.
struct NegotiationLimits
{
    uint32_t options = 1000;        ///< more of them end the session
    uint32_t keptBytes = 1 << 16;   ///< longer option data is not kept …
    uint32_t dataBytes = 32U << 20; ///< … and beyond this ends the session
};

/// Fixed newstyle negotiation, server side. No socket and no clock in here.
///
///   flags   --unknown bit----------------------> closed
///   flags   --known bits-----------------------> options
///   options --EXPORT_NAME, export known--------> transmission
///   options --EXPORT_NAME, export unknown------> closed
///   options --GO, export known-----------------> transmission
///   options --ABORT----------------------------> closed
///   options --LIST, INFO, unknown, malformed---> options
///   options --over the limits------------------> closed
///
/// Shape:   feed it the client's flags, then each option in order.
/// Threads: none. One negotiator belongs to one connection.
/// Owner:   it borrows @p exports, which do not change while it lives.
/// Source:  proto.md, "Newstyle negotiation", "Fixed newstyle negotiation".
class Negotiator
{
  public:
    explicit Negotiator(std::span<const ExportInfo> exports,
                        NegotiationLimits limits = {});

    /// What the server sends before it has read anything.
    static Bytes greeting();

    Phase onClientFlags(uint32_t flags);

    /// What to do with the data that a header announces: keep it and call
    /// on(), or skip it and call onSkipped(), or give up (closed).
    enum class Data : uint8_t
    {
        keep,
        skip,
        giveUp,
    };
    Data onHeader(const OptionHeader& header) const;

    Step on(const Option& option);

    /// An option whose data was too long to keep.
    Step onSkipped(Opt option);

    /// The export that transmission serves; set once Phase::transmission is
    /// reached.
    const ExportInfo* chosen() const
    {
        return selected;
    }
    /// How the choice was made, for the log: EXPORT_NAME or GO.
    Opt chosenBy() const
    {
        return selectedBy;
    }

  private:
    Step onExportName(const Option& option);
    Step onList(const Option& option) const;
    Step onInfo(const Option& option);
    const ExportInfo* find(std::string_view name) const;

    std::span<const ExportInfo> exports;
    NegotiationLimits limits;
    uint32_t clientFlags = 0;
    uint32_t count = 0;
    const ExportInfo* selected = nullptr;
    Opt selectedBy{};
};

} // namespace vmedia::nbd
