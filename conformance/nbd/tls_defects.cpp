// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/peer.hpp"
#include "defects.hpp"
#include "holding.hpp"

#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr bool isUnknown(Opt option)
{
    return static_cast<uint32_t>(option) >= 64;
}

bool isTlsRequired(const Step& step)
{
    return !step.replies.empty() && step.replies.back().type == Rep::errTlsReqd;
}

/// Options for which @p matches holds get @p answer and nothing else.
template <typename Match>
Deviation answers(Match matches, Rep answer)
{
    return {.step = [=](const Option& option, Step& step) {
        if (matches(option, step))
        {
            step = {Phase::options, {{option.code, answer}}};
        }
    }};
}

Deviation answers(Opt code, Rep answer)
{
    return answers([code](const Option& option, const Step&) {
        return option.code == code;
    }, answer);
}

/// The same, only once NBD_OPT_STARTTLS was acknowledged.
Deviation answersInTls(Opt code, Rep answer)
{
    return {
        .step = [=, begun = false](const Option& option, Step& step) mutable {
        if (begun && option.code == code)
        {
            step = {Phase::options, {{option.code, answer}}};
        }
        begun = begun || step.next == Phase::tls;
    }};
}

/// From the n-th on.
Deviation answersLater(Opt code, int n, Rep answer)
{
    return {.step = [=, count = 0](const Option& option, Step& step) mutable {
        if (++count >= n && option.code == code)
        {
            step = {Phase::options, {{option.code, answer}}};
        }
    }};
}

/// Size and flags, although the client may not have them.
Deviation tellsTheExport()
{
    return {.step = [](const Option& option, Step& step) {
        if (option.code == Opt::exportName && step.next == Phase::closed)
        {
            step.raw.resize(10);
        }
    }};
}

bool asksForUnheard(const Option& option)
{
    const auto request = decodeInfoRequest(option.data);
    return option.code == Opt::info && request && request->name == unheardName;
}

/// @p sees each message of TLS: whether we wrote it, its content type, itself.
template <void (*sees)(bool written, int type, ByteView message)>
Deviation watchesTls()
{
    return {.tls = [](SSL_CTX* context, const std::string&) {
        ::SSL_CTX_set_msg_callback(context, [](int written, int, int type,
                                               const void* message, size_t size,
                                               SSL*, void*) {
            sees(written != 0, type,
                 {static_cast<const std::byte*>(message), size});
        });
    }};
}

bool isAlert(int type, ByteView message, int number)
{
    return type == SSL3_RT_ALERT && message.size() == 2 &&
           std::to_integer<int>(message[1]) == number;
}

void spinAtCloseNotify(bool written, int type, ByteView message)
{
    if (!written && isAlert(type, message, SSL_AD_CLOSE_NOTIFY))
    {
        // For ever would do, but for the tests' time. Who spins is waited for
        // a little longer than who is silent.
        const auto until = std::chrono::steady_clock::now() +
                           std::chrono::milliseconds(4000);
        while (std::chrono::steady_clock::now() < until)
        {}
    }
}

void dieOfCorruption(bool written, int type, ByteView message)
{
    if (written && isAlert(type, message, SSL_AD_BAD_RECORD_MAC))
    {
        ::_exit(1);
    }
}

void dieOfKeyUpdate(bool written, int type, ByteView message)
{
    if (!written && type == SSL3_RT_HANDSHAKE && !message.empty() &&
        std::to_integer<int>(message[0]) == SSL3_MT_KEY_UPDATE)
    {
        ::_exit(1);
    }
}

void dieOfSmallRecords(bool written, int type, ByteView message)
{
    // RFC 8446, section 5.2: the byte, its content type, and the tag
    constexpr int ofOneByte = 1 + 1 + 16;
    if (!written && type == SSL3_RT_HEADER && message.size() == 5 &&
        std::to_integer<int>(message[0]) == SSL3_RT_APPLICATION_DATA &&
        std::to_integer<int>(message[3]) == 0 &&
        std::to_integer<int>(message[4]) == ofOneByte)
    {
        ::_exit(1);
    }
}

void addModeDefects(Defects& all)
{
    all["nbd.tls.off.never-required"] = answers(Opt::structuredReply,
                                                Rep::errTlsReqd);
    all["nbd.tls.off.starttls-data-refused"] = answers(Opt::startTls, Rep::ack);
    all["nbd.tls.nonfixed-starttls"] = answers(Opt::startTls, Rep::ack);
    all["nbd.tls.required.list-refused"] = answers(Opt::list, Rep::errUnsup);
    all["nbd.tls.required.export-name-terminates"] = tellsTheExport();
    all["nbd.tls.required.nonfixed-terminates"] = tellsTheExport();
    all["nbd.tls.required.go-refused"] = {
        .step = [](const Option& option, Step& step) {
        if (option.code == Opt::go && isTlsRequired(step))
        {
            step.replies.insert(step.replies.begin(),
                                {Opt::go, Rep::info, Bytes(12)});
        }
    }};
    all["nbd.tls.required.info-tells-nothing"] =
        answers([](const Option& option, const Step&) {
        return asksForUnheard(option);
    }, Rep::errUnknown);
    all["nbd.tls.required.all-refused"] = answers(Opt::structuredReply,
                                                  Rep::ack);
    all["nbd.tls.required.unknown-refused"] =
        answers([](const Option& option, const Step& step) {
        return isUnknown(option.code) && isTlsRequired(step);
    }, Rep::errUnsup);
    all["nbd.tls.required.starttls-after-refusals"] =
        answersLater(Opt::startTls, 20, Rep::errPolicy);
    all["nbd.tls.required.mode-is-constant"] = answersLater(Opt::list, 5,
                                                            Rep::ack);
    all["nbd.tls.on.tls-only-refused"] = answers(
        [](const Option&, const Step& step) { return isTlsRequired(step); },
        Rep::errUnknown);
    all["nbd.tls.on.tls-only-terminates"] = tellsTheExport();
    all["nbd.tls.on.plain-served"] = answers(Opt::go, Rep::errTlsReqd);
    all["nbd.tls.on.unheard-name"] =
        answers([](const Option& option, const Step&) {
        return asksForUnheard(option);
    }, Rep::errInvalid);
    all["nbd.tls.on.options-answered"] = answers(Opt::structuredReply,
                                                 Rep::errTlsReqd);
    all["nbd.tls.on.both-after-tls"] = answersInTls(Opt::info, Rep::errTlsReqd);
}

void addStartDefects(Defects& all)
{
    all["nbd.tls.starttls.acknowledged"] = {
        .step = [](const Option&, Step& step) {
        if (step.next == Phase::tls)
        {
            step.replies.front().data.resize(4);
        }
    }};
    all["nbd.tls.starttls.data-refused"] =
        answers([](const Option& option, const Step&) {
        return option.code == Opt::startTls && !option.data.empty();
    }, Rep::ack);
    all["nbd.tls.starttls.plain-instead-of-hello"].survivesHandshake = true;
    all["nbd.tls.starttls.nothing-plain-after"] = {
        .step = [](const Option& option, Step& step) {
        if (step.next == Phase::tls)
        {
            step.replies.push_back({option.code, Rep::ack});
        }
    }};
    // One handshake at a time, for the whole server.
    all["nbd.tls.starttls.stall"] = {
        .step = [holding = Holding()](const Option&, Step& step) mutable {
        if (step.next == Phase::tls)
        {
            holding.begin();
        }
        else
        {
            holding.end();
        }
    }};
    all["nbd.tls.inject.option-behind-starttls"].executesPlaintext = true;
    all["nbd.tls.inject.hello-behind-starttls"].executesPlaintext = true;
    for (const std::string_view id :
         {"nbd.tls.state.structured-replies-forgotten",
          "nbd.tls.state.contexts-forgotten",
          "nbd.tls.state.extended-headers-forgotten"})
    {
        all[id].keepsState = true;
    }
}

void addEstablishedDefects(Defects& all)
{
    all["nbd.tls.established.never-required"] = answersInTls(Opt::list,
                                                             Rep::errTlsReqd);
    all["nbd.tls.established.starttls-refused"] = answersInTls(Opt::startTls,
                                                               Rep::ack);
    all["nbd.tls.established.no-downgrade"] = watchesTls<spinAtCloseNotify>();
    all["nbd.tls.write-and-read"] = {.plan = [](Command& request, Plan& todo) {
        if (request.type == Cmd::write)
        {
            todo.action = Plan::Action::flush; // it says so, and stores nothing
        }
    }};
    all["nbd.tls.write.refused-in-step"] = {
        .plan = [](Command& request, Plan& todo) {
        if (todo.action == Plan::Action::refuse)
        {
            request.payload = 0; // and so the data is taken for requests
        }
    }};
    all["nbd.tls.disc.close-notify"] = {
        .tls = [](SSL_CTX* context, const std::string&) {
        ::SSL_CTX_set_quiet_shutdown(context, 1);
    }};
    all["nbd.tls.close.without-notify"] = {.failed = [](const auto& why) {
        if (why.what.find("without close_notify") != std::string::npos)
        {
            ::_exit(1);
        }
    }};
    all["nbd.tls.close.with-notify"] = watchesTls<spinAtCloseNotify>();
    all["nbd.tls.record.one-byte"] = watchesTls<dieOfSmallRecords>();
    all["nbd.tls.record.many-requests"] = {
        .plan = [count = 0](Command&, Plan& todo) mutable {
        if (++count > 20)
        {
            todo = {Plan::Action::refuse, ErrorValue::enomem};
        }
    }};
    all["nbd.tls.record.corrupt"] = watchesTls<dieOfCorruption>();
    all["nbd.tls.key-update"] = watchesTls<dieOfKeyUpdate>();
}

} // namespace

void addTlsDefects(Defects& all)
{
    addModeDefects(all);
    addStartDefects(all);
    addEstablishedDefects(all);
}

} // namespace conformance::nbd
