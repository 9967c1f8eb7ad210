// SPDX-License-Identifier: Apache-2.0
#include "command_defects.hpp"
#include "defects.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

void addStorageDefects(Defects& all)
{
    // Nobody looked at what the storage said.
    all["nbd.read.storage-fails"] = answers(is(Cmd::read), ErrorValue::none);
    all["nbd.structured.read-storage-fails"] = answers(is(Cmd::read),
                                                       ErrorValue::none);
    all["nbd.write.storage-fails"] = answers(is(Cmd::write), ErrorValue::none);
    all["nbd.write.storage-full"] = answers(is(Cmd::write), ErrorValue::eio);
    all["nbd.flush.storage-fails"] = answers(is(Cmd::flush), ErrorValue::none);
    all["nbd.fua.write.storage-fails"] = answers(isWith(Cmd::write, commandFua),
                                                 ErrorValue::none);
    all["nbd.fua.zero.storage-fails"] =
        answers(isWith(Cmd::writeZeroes, commandFua), ErrorValue::none);
    all["nbd.abuse.many-extents"] = tellsExtents((1 << 20) + 1);
}

} // namespace conformance::nbd
