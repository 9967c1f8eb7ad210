// SPDX-License-Identifier: Apache-2.0
// Random lives of a mount point. Repeat one: VMEDIA_SEED=… of the failure.
#include "mount.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace vmedia::service
{

namespace
{

using What = Event::What;
using Do = Action::What;
using Step = Mount::Step;
using Random = std::mt19937_64;

constexpr uint64_t bytes = 1 << 20;
constexpr int lives = 150;
constexpr int eventsOfALife = 2000;

uint64_t testSeed()
{
    const char* given = std::getenv("VMEDIA_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : 20261121;
}

/// What is true whatever is told: answers, completions, timers, properties.
class Watched
{
  public:
    Watched(Mode mode) : mount(mode, "nbd0") {}

    std::vector<Action> tell(const Event& event)
    {
        history.push_back({name(event.what), event.number, event.size});
        if (event.what == What::timeout)
        {
            armed = false;
        }
        const Mount::Properties before = mount.properties();
        std::vector<Action> actions = mount.on(event);
        for (const Action& action : actions)
        {
            history.push_back({name(action.what), action.number, 0});
        }
        while (history.size() > 60)
        {
            history.pop_front();
        }
        checkAnswers(event, actions);
        checkTimer(actions);
        const bool shown = !actions.empty() &&
                           actions[0].what == Do::propertiesChanged;
        check(shown == (mount.properties() != before), "properties are shown");
        check(count(actions, Do::propertiesChanged) == (shown ? 1 : 0),
              "properties are shown once, and first");
        return actions;
    }

    Step step() const
    {
        return mount.step();
    }

    void check(bool fact, std::string_view what) const
    {
        if (!fact && !testing::Test::HasFailure())
        {
            std::string text;
            for (const auto& [word, number, size] : history)
            {
                text += fmt::format("{}({}, {}) ", word, number, size);
            }
            ADD_FAILURE() << what << ", in " << name(mount.step()) << " after\n"
                          << text;
        }
    }

    bool armed = false;

  private:
    static int64_t count(const std::vector<Action>& actions, Do what)
    {
        return std::ranges::count(actions, what, &Action::what);
    }

    void checkAnswers(const Event& event, const std::vector<Action>& actions)
    {
        const bool asked = event.what == What::mount ||
                           event.what == What::unmount;
        int answers = 0;
        for (const Action& action : actions)
        {
            if (action.what == Do::accept)
            {
                ++answers;
                ++owed;
            }
            answers += action.what == Do::refuse ? 1 : 0;
            check(action.what != Do::refuse || action.number > 0,
                  "a refusal has an errno");
            if (action.what == Do::complete)
            {
                --owed;
                check(owed >= 0, "a Completion for each that was accepted");
            }
        }
        check(answers == (asked ? 1 : 0), "each request has one answer");
        check(owed <= 1, "one Completion is owed at a time");
        const Step now = mount.step();
        const bool working = now != Step::ready && now != Step::serving;
        check(working || owed == 0, "no Completion is owed here");
        check(now == Step::ready || now == Step::serving ||
                  now >= Step::removingGadget || owed == 1,
              "Mount's Completion is owed in Activating");
    }

    void checkTimer(const std::vector<Action>& actions)
    {
        for (const Action& action : actions)
        {
            armed = action.what == Do::disarm ? false
                    : action.what == Do::armGrace ||
                            action.what == Do::armActivation
                        ? true
                        : armed;
        }
        const Step now = mount.step();
        check(now == Step::serving || armed == (now != Step::ready),
              "a timer runs where something is waited for, and only there");
    }

    Mount mount;
    int owed = 0;
    struct Word
    {
        std::string_view what;
        int number;
        uint64_t size;
    };
    std::deque<Word> history{};
};

/// The system around a mount point, as far as what it told goes: events come
/// only if they can, and actions may only touch what can be there.
class World
{
  public:
    World(Mode m, Random& r) : mode(m), watched(m), random(r) {}

    void live()
    {
        for (int i = 0; i < eventsOfALife && !testing::Test::HasFailure(); ++i)
        {
            const std::vector<Event> can = possible();
            tell(can[random() % can.size()]);
        }
    }

    /// Nobody answers any more: time alone leads to Ready.
    void fallSilent()
    {
        tell({What::shutdown});
        int waits = 0;
        while (watched.step() != Step::ready && !testing::Test::HasFailure())
        {
            tell({What::timeout});
            watched.check(++waits <= 9, "Deactivating is bounded");
        }
    }

    std::array<int, 10> visits{};

  private:
    enum class Part : uint8_t
    {
        none,
        coming,
        there,
        going,
    };

    bool chance(unsigned percent)
    {
        return random() % 100 < percent;
    }

    std::vector<Event> possible()
    {
        std::vector<Event> can{
            mountRequest(), {What::hostEjected}, {What::inactive}};
        const auto add = [&can](bool if_, const Event& event) {
            if (if_)
            {
                can.push_back(event);
            }
        };
        // Rare, or no life would get far.
        add(chance(10), {What::unmount});
        add(chance(2), {What::shutdown});
        add(watched.armed && chance(20), {What::timeout});
        if (watched.step() == Step::serving)
        {
            can.erase(can.begin() + (chance(90) ? 1 : 3), can.end());
        }
        add(share == Part::coming, {What::shareMounted});
        add(share == Part::coming && chance(20), {What::shareFailed, EACCES});
        add(share == Part::going, {What::shareUnmounted});
        add(share == Part::going && chance(30),
            {What::shareUnmountFailed, EBUSY});
        add(server == Part::coming, {What::serverReady});
        add(server == Part::coming && chance(10), {What::serverFailed, ENOENT});
        add(server != Part::none && (server == Part::going || chance(5)),
            {What::serverExited, chance(50) ? 0 : 143});
        addClient(can);
        add(gadget == Part::coming, {What::gadgetBound});
        add(gadget == Part::coming && chance(20), {What::gadgetFailed, ENODEV});
        add(gadget == Part::going, {What::gadgetRemoved});
        add(gadget == Part::going && chance(20),
            {What::gadgetRemoveFailed, EBUSY});
        return can;
    }

    void addClient(std::vector<Event>& can)
    {
        const auto add = [&can](bool if_, const Event& event) {
            if (if_)
            {
                can.push_back(event);
            }
        };
        const bool served = child || daemon;
        add(child && chance(5), {What::clientFailed, ENOENT});
        add(child && (pushed || chance(10)),
            {What::clientExited, chance(50) ? 1 : 0});
        add(seeking, {daemon ? What::clientMoved : What::clientLost});
        add(known && (pushed || chance(5)), {What::clientLost});
        add(served, {What::deviceSize, 0, bytes});
        add(size == 0 || !served || pushed || chance(5),
            {What::deviceSize, 0, 0});
        add(chance(1), {What::deviceSize, 0, bytes}); // somebody else
    }

    Event mountRequest()
    {
        const Source source = mode == Mode::proxy ? Source::webServer
                              : chance(50)        ? Source::https
                                                  : Source::smb;
        return {.what = What::mount,
                .request = {source, "https://h/i", chance(50), chance(50)}};
    }

    void tell(const Event& event)
    {
        happen(event);
        for (const Action& action : watched.tell(event))
        {
            perform(action, event);
        }
        const Step now = watched.step();
        watched.check(now != Step::serving || watched.armed == seeking,
                      "in Active a timer runs while a client is sought");
        ++visits.at(static_cast<size_t>(now));
        if (now == Step::ready)
        {
            const bool clean = share == Part::none && server == Part::none &&
                               gadget == Part::none && !child && !known &&
                               !seeking && !secrets;
            watched.check(clean, "nothing is left in Ready");
            daemon = false; // what was not found cannot be waited for
        }
    }

    void happen(const Event& event)
    {
        switch (event.what)
        {
            case What::shareMounted:
                share = Part::there;
                break;
            case What::shareFailed:
            case What::shareUnmounted:
                share = Part::none;
                break;
            case What::serverReady:
                server = Part::there;
                break;
            case What::serverFailed:
            case What::serverExited:
                server = Part::none;
                break;
            case What::clientFailed:
                child = false;
                break;
            case What::clientExited:
                child = false;
                daemon = event.number == 0 && chance(50);
                break;
            case What::clientMoved:
                seeking = false;
                known = true;
                break;
            case What::clientLost:
                seeking = known = daemon = false;
                break;
            case What::gadgetBound:
            case What::gadgetFailed:
                gadget = Part::there;
                break;
            case What::gadgetRemoved:
                gadget = Part::none;
                break;
            case What::deviceSize:
                size = event.size;
                break;
            default:
                break;
        }
    }

    /// That what an action is about can be there.
    void want(bool fact, const Action& action)
    {
        watched.check(fact, name(action.what));
    }

    void perform(const Action& action, const Event& event)
    {
        switch (action.what)
        {
            case Do::accept:
                // The file is written by what needs it first.
                secrets |= event.what == What::mount &&
                           event.request.hasSecrets && mode == Mode::legacy;
                break;
            case Do::mountShare:
                want(share == Part::none, action);
                share = Part::coming;
                break;
            case Do::cancelShare:
                want(share == Part::coming, action);
                break;
            case Do::unmountShare:
                want(share == Part::there && server == Part::none, action);
                share = Part::going;
                break;
            case Do::detachShare:
                want(share == Part::going && server == Part::none, action);
                break;
            case Do::abandonShare:
                want(share != Part::none, action);
                share = Part::none;
                break;
            case Do::startServer:
                want(server == Part::none, action);
                server = Part::coming;
                break;
            case Do::terminateServer:
            case Do::killServer:
                want(server != Part::none && !child && !known, action);
                server = Part::going;
                break;
            case Do::abandonServer:
                want(server == Part::going, action);
                server = Part::none;
                break;
            case Do::startClient:
                want(!child && !known && !seeking && size == 0 &&
                         (mode == Mode::proxy || server == Part::there),
                     action);
                child = true;
                pushed = false;
                break;
            case Do::findClient:
                want(!child && !known && !seeking, action);
                seeking = true;
                break;
            case Do::terminateClient:
            case Do::killClient:
                want((child || known) && gadget == Part::none, action);
                pushed = true;
                break;
            case Do::disconnectDevice:
                want(size > 0 && gadget == Part::none, action);
                pushed = true;
                break;
            case Do::abandonClient:
                want(child || known || seeking || size > 0, action);
                child = known = seeking = daemon = false;
                break;
            case Do::makeGadget:
                want(gadget == Part::none && size > 0 &&
                         (child || known || seeking),
                     action);
                gadget = Part::coming;
                break;
            case Do::removeGadget:
                want(gadget == Part::there, action);
                gadget = Part::going;
                break;
            case Do::abandonGadget:
                want(gadget == Part::coming || gadget == Part::going, action);
                gadget = Part::none;
                break;
            case Do::removeSecrets:
                want(secrets, action);
                secrets = false;
                break;
            default:
                break;
        }
    }

    Mode mode;
    Watched watched;
    Random& random;
    Part share = Part::none;
    Part server = Part::none;
    Part gadget = Part::none;
    bool child = false;
    bool daemon = false; ///< the child's child lives
    bool known = false;  ///< and was told
    bool seeking = false;
    bool pushed = false;
    bool secrets = false;
    uint64_t size = 0;
};

Event anything(Random& random)
{
    Event event{static_cast<What>(random() %
                                  (static_cast<size_t>(What::shutdown) + 1))};
    event.number = static_cast<int>(random() % 3);
    event.size = random() % 2 * bytes;
    event.request = {static_cast<Source>(random() % 3), "u", random() % 2 == 0,
                     random() % 2 == 0};
    return event;
}

} // namespace

TEST(MountAtRandom, livesThroughWhatCanHappen)
{
    SCOPED_TRACE(fmt::format("VMEDIA_SEED={}", testSeed()));
    std::array<int, 10> visits{};
    for (int life = 0; life < lives && !HasFailure(); ++life)
    {
        Random random(testSeed() + static_cast<uint64_t>(life));
        World world(life % 3 == 0 ? Mode::proxy : Mode::legacy, random);
        SCOPED_TRACE(fmt::format("life {}", life));
        world.live();
        world.fallSilent();
        for (size_t i = 0; i < visits.size(); ++i)
        {
            visits.at(i) += world.visits.at(i);
        }
    }
    for (size_t i = 0; i < visits.size(); ++i)
    {
        EXPECT_GT(visits.at(i), lives) << name(static_cast<Step>(i));
    }
}

TEST(MountAtRandom, livesThroughWhatCannotHappen)
{
    SCOPED_TRACE(fmt::format("VMEDIA_SEED={}", testSeed()));
    for (int life = 0; life < lives && !HasFailure(); ++life)
    {
        Random random(testSeed() + static_cast<uint64_t>(life));
        Watched watched(life % 2 == 0 ? Mode::proxy : Mode::legacy);
        SCOPED_TRACE(fmt::format("life {}", life));
        for (int i = 0; i < eventsOfALife && !HasFailure(); ++i)
        {
            watched.tell(anything(random));
        }
        watched.tell({What::shutdown});
        for (int waits = 0; watched.step() != Step::ready && waits < 9; ++waits)
        {
            watched.tell({What::timeout});
        }
        watched.check(watched.step() == Step::ready, "Deactivating is bounded");
    }
}

} // namespace vmedia::service
