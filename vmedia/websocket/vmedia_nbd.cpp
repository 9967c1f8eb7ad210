// SPDX-License-Identifier: Apache-2.0
// vmedia-nbd: serves an image over NBD, to whoever connects or to a BMC.
#include "vmedia/nbd/command.hpp"
#include "vmedia/version.hpp"
#include "vmedia/websocket/push.hpp"

int main(int argc, char** argv)
{
    CLI::App app("Serves a disk image over NBD.", "vmedia-nbd");
    app.set_version_flag("--version", vmedia::versionText("vmedia-nbd"));
    vmedia::nbd::ServeOptions serve;
    vmedia::nbd::addServe(app, serve);
    vmedia::websocket::PushOptions push;
    const CLI::App* pushing = vmedia::websocket::addPush(app, push);
    app.footer("Examples:\n"
               "  vmedia-nbd -f -U /tmp/nbd.sock --readonly file disk.img\n"
               "  vmedia-nbd -f -p 10809 -i 127.0.0.1 memory 1G\n"
               "  vmedia-nbd memory 64M --run 'nbdinfo $uri'\n"
               "  vmedia-nbd push disk.iso wss://bmc/nbd/0 -u root "
               "--password-file pw\n"
               "Exit: 0 served until stopped, 1 could not serve, 2 usage");
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return vmedia::nbd::parseFailed(app, error);
    }
    return pushing->parsed() ? vmedia::websocket::runPush(push)
                             : vmedia::nbd::runServe(serve);
}
