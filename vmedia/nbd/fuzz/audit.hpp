// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixtures/fuzz.hpp"
#include "offer.hpp"
#include "scenario.hpp"

#include <optional>

/// Reads what a server told as a client would, who knows what it said; each
/// rule of the protocol that is broken is a finding.
namespace vmedia::nbd::fuzz
{

/// What was told, from its beginning on.
class Told
{
  public:
    /// Thrown where it ends in the middle of a message, and that is allowed.
    struct Cut
    {};

    Told(ByteView bytes, bool cutAllowed) : rest(bytes), mayBeCut(cutAllowed) {}

    ByteView take(size_t size);
    Reader reader(size_t size)
    {
        return Reader{take(size)};
    }
    bool atEnd() const
    {
        return rest.empty();
    }
    /// Nothing more is told.
    void wantEnd(std::string_view why) const
    {
        ::fuzz::require(rest.empty(), why);
    }

  private:
    ByteView rest;
    bool mayBeCut;
};

/// What both sides agreed on.
struct Agreed
{
    size_t index = 0; ///< of the export
    uint16_t flags = 0;
    Replies replies = Replies::simple;
    bool allocation = false;
};

/// Up to transmission; none if it never begins. Takes off @p said what was
/// said before it.
std::optional<Agreed> auditNegotiation(Reader& said, Told& told,
                                       const Catalogue& offer,
                                       const Circumstances& circumstances);

/// @p end is how the session ended.
void auditTransmission(Reader& said, Told& told, const Agreed& agreed,
                       const Catalogue& offer,
                       const Circumstances& circumstances,
                       const Result<SessionEnd>& end);

/// What the text of a refusal may consist of.
bool isPlainText(ByteView text);

} // namespace vmedia::nbd::fuzz
