// SPDX-License-Identifier: Apache-2.0
// Input: vmediad's configuration.
#include "fixtures/fuzz.hpp"
#include "vmedia/service/config.hpp"

#include <set>

using namespace vmedia;
using namespace vmedia::service;

std::vector<fuzz::Input> fuzz::seeds()
{
    return {
        input("{\"InactivityTimeout\": 1800, # comment\n\"MountPoints\": {"
              "\"ISO0\": {\"EndpointId\": \"/nbd/0\", \"Mode\": 0,\n"
              "\"NBDDevice\": \"/dev/nbd0\", \"UnixSocket\": \"/tmp/s\","
              "\"Timeout\": 30, // more\n\"BlockSize\": 512,},}}"),
        input(R"({"MountPoints": {"1": {"Mode": 1, "NBDDevice": "nbd1",)"
              R"("Readonly": true, "MediaType": "cdrom"}}, "CAFile": "/ca",)"
              R"("Roots": {"Devices": "/d"}, "Programs": {"Nbdkit": "k"}})"),
        input(R"({"MountPoints": {"a-b": [1, "\u0000"], "a-b": null}})"),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const auto config = parseConfig(fuzz::text(data, size), "vm.json");
    if (!config)
    {
        fuzz::require(!config.error().empty() && config.error().size() <= 50,
                      "there is a mistake, and not too many");
        for (const Error& error : config.error())
        {
            fuzz::require(describe(error).starts_with("vm.json:") &&
                              describe(error).find('\n') == std::string::npos,
                          "a mistake is one line with its file");
        }
        return 0;
    }
    std::set<std::string> devices;
    std::set<std::string> sockets;
    for (const MountPoint& point : config->mountPoints)
    {
        fuzz::require(point.name.find_first_of("/-. \n") == point.name.npos,
                      "a name is an element of an object path");
        fuzz::require(nbdDeviceName(point.device) == point.device,
                      "a device is an NBD device");
        fuzz::require(point.unixSocket.size() <= 107 &&
                          point.unixSocket.starts_with('/'),
                      "a socket can be bound");
        fuzz::require(devices.insert(point.device).second &&
                          sockets.insert(point.unixSocket).second,
                      "nothing is shared");
        fuzz::require(point.timeout.count() >= 1 &&
                          point.timeout.count() <= 65535,
                      "the timeout is bounded");
    }
    fuzz::require(!devices.empty(), "there is something");
    return 0;
}
