// SPDX-License-Identifier: Apache-2.0
// Input: as of session_fuzz.cpp; its options go straight to a Negotiator.
// Beside it runs a twin that is made when TLS begins and never saw what was
// before: they have to say the same.
#include "audit.hpp"
#include "vmedia/nbd/negotiator.hpp"

#include <algorithm>
#include <cstring>

using namespace vmedia;
using namespace vmedia::nbd;
using namespace vmedia::nbd::fuzz;
using ::fuzz::require;

namespace
{

class Haggling
{
  public:
    Haggling(const std::vector<ExportInfo>& offer, tls::Mode mode,
             uint32_t clientFlags) :
        exports(offer), tlsMode(mode), flags(clientFlags),
        negotiator(exports, negotiationLimits, mode)
    {}

    Phase begin()
    {
        return negotiator.onClientFlags(flags);
    }

    void stop()
    {
        negotiator.onStopping();
        stopping = true;
        if (twin)
        {
            twin->onStopping();
        }
    }

    Phase next(const Option& option)
    {
        const auto length = static_cast<uint32_t>(option.data.size());
        const Negotiator::Data data =
            negotiator.onHeader({option.code, length});
        if (data == Negotiator::Data::giveUp)
        {
            return Phase::closed;
        }
        const bool skip = data == Negotiator::Data::skip;
        const auto ask = [&](Negotiator& whom) {
            return skip ? whom.onSkipped(option.code) : whom.on(option);
        };
        const Step step = ask(negotiator);
        check(option, step);
        if (twin)
        {
            const Step same = ask(*twin);
            require(same.next == step.next && same.replies == step.replies &&
                        same.raw == step.raw,
                    "nothing from before TLS survives");
        }
        if (step.next == Phase::tls)
        {
            secured = true;
            negotiator.onTlsEstablished();
            twin.emplace(exports, negotiationLimits, tlsMode);
            twin->onClientFlags(flags);
            twin->onTlsEstablished();
            if (stopping)
            {
                twin->onStopping();
            }
            return Phase::options;
        }
        return step.next;
    }

  private:
    void check(const Option& option, const Step& step) const
    {
        for (const OptionReply& reply : step.replies)
        {
            const bool last = &reply == &step.replies.back();
            const bool final = reply.type == Rep::ack || isError(reply.type);
            require(reply.option == option.code, "of the option that was sent");
            require(last == final, "one final reply, and it comes last");
            require(!isError(reply.type) || isPlainText(reply.data),
                    "an error for people to read");
            require(reply.data.size() <= size_t{2} * stringMax,
                    "of a bounded length");
        }
        require(option.code != Opt::exportName || step.replies.empty(),
                "no reply to NBD_OPT_EXPORT_NAME exists");
        const Rep last = step.replies.empty() ? Rep{}
                                              : step.replies.back().type;
        require(step.next != Phase::options || !step.replies.empty(),
                "an option that does not end the session has a reply");
        require(step.next != Phase::tls ||
                    (last == Rep::ack && !secured && tlsMode != tls::Mode::off),
                "TLS begins once, with an ACK");
        if (tlsMode == tls::Mode::require && !secured)
        {
            require(step.next != Phase::transmission, "nothing before TLS");
            require(option.code == Opt::abort || option.code == Opt::startTls ||
                        step.replies.empty() || last == Rep::errTlsReqd,
                    "ERR_TLS_REQD before TLS");
        }
        if (stopping && option.code != Opt::abort)
        {
            require(step.next != Phase::transmission && last != Rep::ack,
                    "nothing begins while stopping");
        }
        if (step.next == Phase::transmission)
        {
            checkTerms(option, step);
        }
    }

    void checkTerms(const Option& option, const Step& step) const
    {
        const Terms& terms = negotiator.terms();
        require(option.code == Opt::go || option.code == Opt::exportName,
                "chosen by one of the two options that choose");
        require(negotiator.chosenBy() == option.code,
                "and it is told by which");
        require(step.raw.empty() == (option.code == Opt::go),
                "raw bytes with NBD_OPT_EXPORT_NAME, only there");
        require(terms.info >= exports.data() &&
                    terms.info < exports.data() + exports.size(),
                "an export that is on offer");
        require(!terms.info->tlsOnly || secured || tlsMode == tls::Mode::off,
                "not one that needs TLS");
        require(((terms.flags & sendDf) != 0) ==
                    (terms.replies != Replies::simple),
                "SEND_DF goes with structured replies");
        require(!terms.allocation || terms.replies != Replies::simple,
                "contexts need structured replies");
    }

    const std::vector<ExportInfo>& exports;
    tls::Mode tlsMode;
    uint32_t flags;
    bool secured = false;
    bool stopping = false;
    Negotiator negotiator;
    std::optional<Negotiator> twin{};
};

} // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static const std::vector<ExportInfo> offer = makeOffer().infos;
    Circumstances circumstances;
    const size_t head = std::min(size, Circumstances::wireSize);
    std::memcpy(circumstances.bytes.data(), data, head);
    const Conversation conversation =
        Conversation::of(std::as_bytes(std::span(data, size)).subspan(head));
    Haggling haggling(offer, circumstances.tls(), conversation.clientFlags);
    Phase phase = haggling.begin();
    size_t number = 0;
    for (const Message& message : conversation.messages)
    {
        const auto* option = std::get_if<OptionMessage>(&message);
        if (option == nullptr || phase != Phase::options)
        {
            break;
        }
        if (circumstances.stops() && number++ == circumstances.stopsAfter())
        {
            haggling.stop();
        }
        phase = haggling.next({Opt{option->code}, option->data});
    }
    return 0;
}
