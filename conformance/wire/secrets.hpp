// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "wire.hpp"

#include <string>
#include <vector>

namespace conformance
{

/// What no report may tell: the credentials of somebody's target.
///
/// Shape: hide() overwrites each with asterisks, in whatever pieces it went
///        over a connection, either way; of one that was cut off where bytes
///        were not kept, the part that is there, from three bytes on.
class Secrets
{
  public:
    void add(std::string secret);
    void hide(Wire& wire) const;
    void hide(std::string& text) const;

  private:
    std::vector<std::string> all;
};

} // namespace conformance
