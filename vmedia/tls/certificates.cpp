// SPDX-License-Identifier: Apache-2.0
#include "certificates.hpp"

#include "secret.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>

namespace vmedia::tls
{

namespace fs = std::filesystem;

namespace
{

// Without it OpenSSL would ask for a passphrase on the terminal.
int noPassphrase(char*, int, int, void*)
{
    return 0;
}

// A file that we may not look at is there: opening it will say why not.
bool isThere(const fs::path& file)
{
    std::error_code ignored;
    return fs::status(file, ignored).type() != fs::file_type::not_found;
}

Result<BioOwner> openPem(const fs::path& file)
{
    errno = 0;
    BioOwner opened(::BIO_new_file(file.c_str(), "r"));
    if (!opened)
    {
        const int why = errno;
        ::ERR_clear_error();
        return failErrno(why, file.string());
    }
    return opened;
}

template <typename Owner, auto readPem>
Result<std::vector<Owner>> readAll(const fs::path& file, const char* what)
{
    Result<BioOwner> pem = openPem(file);
    if (!pem)
    {
        return tl::unexpected(pem.error());
    }
    std::vector<Owner> all;
    while (auto* one = readPem(pem->get(), nullptr, noPassphrase, nullptr))
    {
        all.emplace_back(one);
    }
    // The end of the file is an error like the others, but of this name.
    const bool ended = ERR_GET_REASON(::ERR_peek_last_error()) ==
                       PEM_R_NO_START_LINE;
    const std::string reason = takeReason();
    if (all.empty() || !ended)
    {
        return fail(Errc::usage,
                    fmt::format("{}: {} number {} cannot be read: {}",
                                file.string(), what, all.size() + 1, reason),
                    "wanted PEM");
    }
    return all;
}

std::string dayOf(const ASN1_TIME* time)
{
    tm parts{};
    ::ASN1_TIME_to_tm(time, &parts);
    return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday);
}

Result<void> inItsTime(const fs::path& file, const ASN1_TIME* from,
                       const ASN1_TIME* until, const char* whatToDo)
{
    if (until != nullptr && ::X509_cmp_current_time(until) < 0)
    {
        return fail(
            Errc::usage,
            fmt::format("{} expired on {}", file.string(), dayOf(until)),
            whatToDo);
    }
    if (::X509_cmp_current_time(from) > 0)
    {
        return fail(Errc::usage,
                    fmt::format("{} is not valid before {}", file.string(),
                                dayOf(from)),
                    "set the clock, or wait");
    }
    return {};
}

Result<void> allInTheirTime(const fs::path& file,
                            const std::vector<CertificateOwner>& all)
{
    for (const CertificateOwner& one : all)
    {
        if (Result<void> now = inItsTime(file, ::X509_get0_notBefore(one.get()),
                                         ::X509_get0_notAfter(one.get()),
                                         "have it issued again");
            !now)
        {
            return now;
        }
    }
    return {};
}

Result<KeyOwner> readKey(const fs::path& file)
{
    const Result<Secret> text = readSecretFile(file);
    if (!text)
    {
        return tl::unexpected(text.error());
    }
    const BioOwner memory(::BIO_new_mem_buf(
        text->bytes().data(), static_cast<int>(text->bytes().size())));
    KeyOwner key(::PEM_read_bio_PrivateKey(memory.get(), nullptr, noPassphrase,
                                           nullptr));
    const std::string reason = takeReason();
    if (!key)
    {
        return fail(
            Errc::usage,
            fmt::format("{}: no private key can be read: {}", file.string(),
                        reason),
            "wanted PEM without a passphrase (`openssl pkey` takes it off)");
    }
    return key;
}

} // namespace

Result<void> Certificates::loadOwn(const fs::path& certificateFile,
                                   const fs::path& keyFile)
{
    const bool keyIsThere = isThere(keyFile);
    if (keyIsThere != isThere(certificateFile))
    {
        const auto& [there, lacks] = keyIsThere
                                         ? std::pair{keyFile, certificateFile}
                                         : std::pair{certificateFile, keyFile};
        return fail(Errc::usage,
                    fmt::format("{} is of no use without {}, which is missing",
                                there.string(), lacks.string()));
    }
    auto read = readAll<CertificateOwner, ::PEM_read_bio_X509>(certificateFile,
                                                               "certificate");
    if (!read)
    {
        return tl::unexpected(read.error());
    }
    if (Result<void> now = allInTheirTime(certificateFile, *read); !now)
    {
        return now;
    }
    Result<KeyOwner> mine = readKey(keyFile);
    if (!mine)
    {
        return tl::unexpected(mine.error());
    }
    if (::X509_check_private_key(read->front().get(), mine->get()) != 1)
    {
        ::ERR_clear_error();
        return fail(Errc::usage,
                    fmt::format("{} is not the key of {}", keyFile.string(),
                                certificateFile.string()),
                    "the server's own certificate must come first");
    }
    chain = std::move(*read);
    key = std::move(*mine);
    return {};
}

Result<void> Certificates::loadAuthorities(const fs::path& file)
{
    auto read = readAll<CertificateOwner, ::PEM_read_bio_X509>(file,
                                                               "certificate");
    if (!read)
    {
        return tl::unexpected(read.error());
    }
    authorities = std::move(*read);
    return allInTheirTime(file, authorities);
}

Result<void> Certificates::loadCrls(const fs::path& file)
{
    auto read = readAll<CrlOwner, ::PEM_read_bio_X509_CRL>(file, "CRL");
    if (!read)
    {
        return tl::unexpected(read.error());
    }
    for (const CrlOwner& crl : *read)
    {
        const bool ours = std::ranges::any_of(authorities,
                                              [&](const CertificateOwner& ca) {
            return ::X509_CRL_verify(crl.get(), ::X509_get0_pubkey(ca.get())) ==
                   1;
        });
        ::ERR_clear_error();
        if (!ours)
        {
            return fail(Errc::usage,
                        fmt::format("{} is signed by no CA of {}",
                                    file.string(),
                                    (source / "ca-cert.pem").string()));
        }
        if (Result<void> now =
                inItsTime(file, ::X509_CRL_get0_lastUpdate(crl.get()),
                          ::X509_CRL_get0_nextUpdate(crl.get()),
                          "have the CA issue it again, or take it away");
            !now)
        {
            return now;
        }
    }
    crls = std::move(*read);
    return {};
}

Result<Certificates> Certificates::load(const fs::path& directory, Role role,
                                        Need need)
{
    Certificates loaded;
    loaded.source = directory;
    const std::string name = role == Role::server ? "server" : "client";
    const fs::path certificate = directory / (name + "-cert.pem");
    const fs::path keyFile = directory / (name + "-key.pem");
    Result<void> done;
    if (need.own || isThere(certificate) || isThere(keyFile))
    {
        done = loaded.loadOwn(certificate, keyFile);
    }
    const fs::path authority = directory / "ca-cert.pem";
    if (done && (need.authority || isThere(authority)))
    {
        done = loaded.loadAuthorities(authority);
    }
    const fs::path crl = directory / "ca-crl.pem";
    if (done && need.authority && isThere(crl))
    {
        done = loaded.loadCrls(crl);
    }
    if (!done)
    {
        return tl::unexpected(done.error());
    }
    return loaded;
}

Result<void> Certificates::apply(SSL_CTX* context) const
{
    ::ERR_clear_error();
    bool taken = true;
    if (key)
    {
        // Refuses what the security level holds for weak: RSA of 1024 bits.
        taken = ::SSL_CTX_use_certificate(context, chain.front().get()) == 1 &&
                ::SSL_CTX_use_PrivateKey(context, key.get()) == 1;
        for (size_t i = 1; taken && i < chain.size(); ++i)
        {
            taken = SSL_CTX_add1_chain_cert(context, chain.at(i).get()) == 1;
        }
    }
    X509_STORE* store = ::SSL_CTX_get_cert_store(context);
    for (const CertificateOwner& ca : authorities)
    {
        taken = taken && ::X509_STORE_add_cert(store, ca.get()) == 1 &&
                ::SSL_CTX_add_client_CA(context, ca.get()) == 1;
    }
    for (const CrlOwner& crl : crls)
    {
        taken = taken && ::X509_STORE_add_crl(store, crl.get()) == 1;
    }
    if (!crls.empty())
    {
        // All of the chain: a CA between may be revoked as well.
        ::X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK |
                                          X509_V_FLAG_CRL_CHECK_ALL);
    }
    const std::string reason = takeReason();
    if (!taken)
    {
        return fail(Errc::usage,
                    fmt::format("OpenSSL does not take what is in {}: {}",
                                source.string(), reason));
    }
    return {};
}

} // namespace vmedia::tls
