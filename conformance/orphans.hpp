// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/types.h>

#include <vector>

namespace conformance
{

/// Our children but @p known: what became ours when its parent ended
/// (PR_SET_CHILD_SUBREAPER), such as a daemon, or the processes that serve one
/// client each.
std::vector<pid_t> orphans(pid_t known);

/// Ends all our children, and what becomes ours by that.
void endOrphans();

} // namespace conformance
