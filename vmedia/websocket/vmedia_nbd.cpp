// SPDX-License-Identifier: Apache-2.0
// vmedia-nbd: serves an image over NBD, to whoever connects or to a BMC.
#include "vmedia/command/manual.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/nbd/command.hpp"
#include "vmedia/nbd/manual.hpp"
#include "vmedia/version.hpp"
#include "vmedia/websocket/push.hpp"

#include <CLI/CLI.hpp>

int main(int argc, char** argv)
{
    CLI::App app("Serves a disk image over NBD.", "vmedia-nbd");
    app.set_version_flag("--version", vmedia::versionText("vmedia-nbd"));
    vmedia::nbd::ServeOptions serve;
    vmedia::nbd::addServe(app, serve);
    vmedia::websocket::PushOptions push;
    const CLI::App* pushing = vmedia::websocket::addPush(app, push);
    vmedia::command::addManual(app, vmedia::nbd::manual());
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return vmedia::command::parseFailed(app, error);
    }
    return pushing->parsed() ? vmedia::websocket::runPush(push)
                             : vmedia::nbd::runServe(serve);
}
