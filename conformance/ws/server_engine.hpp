// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine.hpp"

namespace conformance::ws
{

/// The server's end: it hears a request, and answers it.
class ServerEngine final : public Engine
{
  public:
    explicit ServerEngine(Terms terms, Deviation deviation = {});

  private:
    void readHead() override;
};

} // namespace conformance::ws
