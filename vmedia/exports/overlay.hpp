// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "export.hpp"

namespace vmedia::exports
{

/// Copy on write: what is written stays in an unlinked, sparse file in
/// $TMPDIR (/tmp without it), and what is below is only ever read.
///
/// Shape:   blocks of 64 KiB. The first write of a part of one copies the
///          rest up from below. Trimmed blocks read as zeroes.
/// Errors:  those of what is below; ENOSPC when $TMPDIR is full. The changes
///          end with the export: flush() makes nothing outlive it.
/// Threads: any, at the same time.
/// Owner:   the overlay owns what is below.
class Overlay : public Export
{
  public:
    /// Errors: no temporary file in $TMPDIR.
    static Result<std::unique_ptr<Overlay>> open(ExportPointer below,
                                                 Access access);

    /// Writes the merged content to a new file: sparse, on the disk when this
    /// returns, and there under its name only when it is whole. Reads go on
    /// meanwhile, writes wait.
    ///
    /// Errors: @p path is the original, or a file that is not what this
    ///         overlay committed to it before; the system's for the rest.
    ///         Then @p path is as it was.
    virtual Result<void> commitTo(const std::string& path) = 0;
};

} // namespace vmedia::exports
