// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "ledger.hpp"
#include "vmedia/gadget/descriptor.hpp"
#include "vmedia/remote/credentials.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace vmedia::service
{

/// The reading end of what the caller of Mount writes user name and password
/// into; none if there is nobody in particular.
using CredentialPipe = std::shared_ptr<gadget::Descriptor>;

/// Reads it to its end, for some seconds at most.
boost::asio::awaitable<Result<remote::Credentials>>
    readPipe(boost::asio::any_io_executor executor, CredentialPipe pipe);

/// The file from which a helper program takes user name and password: new
/// (O_EXCL), for its owner only, in the journal as long as it is there.
class SecretFile
{
  public:
    SecretFile(Ledger& ledger, std::string path);
    SecretFile(const SecretFile&) = delete;
    SecretFile& operator=(const SecretFile&) = delete;
    ~SecretFile();

    /// Errors: errorNumber of the system; then there is no file.
    Result<void> write(const tls::Secret& secret);

    /// The file if there is one, else empty.
    std::string path() const;

    /// It is in memory (the run directory): to unlink it is enough.
    void remove();

  private:
    Ledger& ledger;
    const std::string file;
    bool isThere = false;
};

} // namespace vmedia::service
