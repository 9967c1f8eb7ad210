// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "terms.hpp"
#include "vmedia/tls/policy.hpp"
#include "wire.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::nbd
{

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
    tls, ///< send the reply, then shake hands; then onTlsEstablished()
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
///   options --STARTTLS, TLS offered------------> tls, then options afresh
///   options --any other, or malformed----------> options
///   options --over the limits------------------> closed
///
/// Where TLS is required and not there yet, every option but STARTTLS, ABORT
/// and EXPORT_NAME (which ends the session) gets NBD_REP_ERR_TLS_REQD; once
/// stopping, every one but ABORT gets NBD_REP_ERR_SHUTDOWN.
///
/// Shape:   feed it the client's flags, then each option in order.
/// Threads: none. One negotiator belongs to one connection.
/// Owner:   it borrows @p exports, which do not change while it lives.
/// Source:  proto.md, "Newstyle negotiation", "Fixed newstyle negotiation".
class Negotiator
{
  public:
    explicit Negotiator(std::span<const ExportInfo> exports,
                        NegotiationLimits limits = {},
                        tls::Mode mode = tls::Mode::off);

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

    /// The handshake succeeded: nothing negotiated before it survives.
    void onTlsEstablished();

    /// From now on options are refused: the server is being shut down.
    void onStopping();

    /// What transmission goes by, once Phase::transmission is reached.
    const Terms& terms() const
    {
        return agreed;
    }
    /// How the choice was made, for the log: EXPORT_NAME or GO.
    Opt chosenBy() const
    {
        return selectedBy;
    }

  private:
    std::optional<Step> refusedByState(Opt option) const;
    Step onExportName(const Option& option);
    Step onList(const Option& option) const;
    Step onInfo(const Option& option);
    Step onStartTls(const Option& option) const;
    Step onReplies(const Option& option, Replies wanted);
    Step onMeta(const Option& option);
    const ExportInfo* find(std::string_view name) const;
    bool hidden(const ExportInfo& info) const;
    uint16_t flagsOf(const ExportInfo& info) const;
    void choose(const ExportInfo& info, Opt by);

    std::span<const ExportInfo> exports;
    NegotiationLimits limits;
    uint32_t clientFlags = 0;
    uint32_t count = 0;
    tls::Mode tlsMode;
    bool secured = false;
    bool stopping = false;
    Replies replies = Replies::simple;
    /// The export for which base:allocation is selected.
    const ExportInfo* allocationOf = nullptr;
    Terms agreed;
    Opt selectedBy{};
};

} // namespace vmedia::nbd
