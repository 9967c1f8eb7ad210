// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config.hpp"
#include "journal.hpp"

#include <functional>
#include <string>

namespace vmedia::service
{

/// RunDirectory/journal.json
std::string journalFile(const Config& config);

/// The kernel's boot_id, which Journal::boot is compared with.
std::string bootId();

/// Nothing if it ended.
std::optional<ProcessId> identify(int pid);

/// What one mount point has, in the journal that all share.
///
/// Errors: a journal that cannot be written is told on stderr, and the deed is
///         done all the same: it is for a crash that may never come.
class Ledger
{
  public:
    /// Goes on with what @p journal has of @p mountPoint.
    Ledger(Journal& journal, std::string file, const std::string& mountPoint);

    /// Saved when it returns: call it before the deed.
    void write(const std::function<void(Belongings&)>& change);

    const Belongings& belongings() const
    {
        return mine;
    }

  private:
    Journal& journal;
    std::string file;
    Belongings mine;
};

} // namespace vmedia::service
