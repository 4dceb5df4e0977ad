// With a real boundary; on a machine that gives none, these tests say so.
#include "sandbox/boundary.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace sallyport::sandbox {
namespace {

class InBoundary : public ::testing::Test {
protected:
    void SetUp() override {
        char made[] = "/var/tmp/boundary-XXXXXX";
        folder_ = ::mkdtemp(made);
        std::filesystem::create_directories(folder_ / "work");
        spec_ = plain();
        spec_.instead = [] { return 0; };
        auto tried = Boundary::prepare(spec_);
        if (!tried) GTEST_SKIP() << tried.error().message;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    BoundarySpec plain() const {
        BoundarySpec out;
        for (const char* one : {"/usr", "/etc"}) out.places.push_back({Place::Kind::read_only, one, {}});
        for (const char* one : {"bin", "lib", "lib64"})
            if (std::filesystem::is_symlink(std::string("/") + one))
                out.places.push_back(
                    {Place::Kind::link, std::string("/") + one, std::filesystem::read_symlink(std::string("/") + one)});
            else
                out.places.push_back({Place::Kind::read_only, std::string("/") + one, {}, true});
        out.places.push_back({Place::Kind::fresh, "/tmp", {}});
        out.places.push_back({Place::Kind::read_write, folder_ / "work", {}});
        out.directory = folder_ / "work";
        return out;
    }
    int run(const std::string& script) {
        BoundarySpec spec = plain();
        spec.command = {"/usr/bin/sh", "-c", script};
        spec.environment = {"PATH=/usr/bin:/bin"};
        auto boundary = Boundary::prepare(spec);
        if (!boundary || !boundary->begin()) return -1;
        return boundary->wait();
    }

    std::filesystem::path folder_;
    BoundarySpec spec_;
};

// The inspection of clients has doors at every address, so that no literal one is a way past them.
TEST_F(InBoundary, EveryAddressIsADoorWhereThatIsAsked) {
    BoundarySpec spec = plain();
    spec.doors = {{false, 8'099}};
    spec.every_address = true;
    spec.command = {"/usr/bin/bash", "-c", "echo hello >/dev/tcp/203.0.113.9/8099"};
    auto boundary = Boundary::prepare(spec);
    ASSERT_TRUE(boundary) << boundary.error().message;
    ASSERT_TRUE(boundary->begin());
    pollfd one{boundary->doors()[0].descriptor, POLLIN, 0};
    ASSERT_EQ(::poll(&one, 1, 10'000), 1);
    const int accepted = ::accept(boundary->doors()[0].descriptor, nullptr, nullptr);
    char bytes[16] = {};
    EXPECT_EQ(::recv(accepted, bytes, sizeof bytes, MSG_WAITALL), 6);
    EXPECT_EQ(std::string(bytes), "hello\n");
    ::close(accepted);
    EXPECT_EQ(boundary->wait(), 0);
}

TEST_F(InBoundary, OutputGoesWhereItIsSentAndAFreshFolderHasAnEnd) {
    int pair[2];
    ASSERT_EQ(::pipe(pair), 0);
    BoundarySpec spec = plain();
    spec.output = pair[1];
    spec.places.push_back({Place::Kind::fresh, "/small", "64k"});
    spec.places.push_back({Place::Kind::written, "/small/note", "text"});
    spec.command = {"/usr/bin/sh", "-c",
                    "cat /small/note; echo more >>/small/note && head -c 1000000 /dev/zero >/small/big || echo full"};
    spec.environment = {"PATH=/usr/bin:/bin"};
    auto boundary = Boundary::prepare(spec);
    ASSERT_TRUE(boundary) << boundary.error().message;
    ASSERT_TRUE(boundary->begin());
    ::close(pair[1]);
    std::string said;
    char bytes[256];
    for (ssize_t count = 0; (count = ::read(pair[0], bytes, sizeof bytes)) > 0;)
        said.append(bytes, static_cast<std::size_t>(count));
    ::close(pair[0]);
    EXPECT_TRUE(said.starts_with("text")) << said;
    EXPECT_TRUE(said.ends_with("full\n")) << said;
    EXPECT_EQ(boundary->wait(), 0);
}

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(InBoundary, ExitCodesComeThrough) {
    EXPECT_EQ(run("exit 0"), 0);
    EXPECT_EQ(run("exit 7"), 7);
    EXPECT_EQ(run("kill -TERM $$"), 128 + SIGTERM);
}

TEST_F(InBoundary, WhatIsWrittenInTheWorkspaceStays) {
    EXPECT_EQ(run("echo kept > file && echo lost > /tmp/file && ! echo no > /etc/file 2>/dev/null"), 0);
    EXPECT_EQ(text_of(folder_ / "work/file"), "kept\n");
    EXPECT_FALSE(std::filesystem::exists("/tmp/file"));
}

// A workspace with a guarded file, of which the program inside tries to change something until somebody outside says that it is enough.
class Guarded : public InBoundary {
protected:
    void SetUp() override {
        InBoundary::SetUp();
        work_ = folder_ / "work";
        std::filesystem::create_directories(work_ / ".git/hooks");
        put("config", "first");
    }
    // As git does.
    void put(const std::string& name, const std::string& text) {
        std::ofstream(work_ / ".git" / (name + ".lock")) << text << "\n";
        std::filesystem::rename(work_ / ".git" / (name + ".lock"), work_ / ".git" / name);
    }
    Result<Boundary> started(const std::string& script) {
        BoundarySpec spec = plain();
        spec.directory = work_;
        spec.command = {"/bin/sh", "-c", script};
        for (const char* folder : {"", ".git"})
            spec.places.push_back({Place::Kind::read_write, *folder ? work_ / folder : work_, {}});
        for (const char* one : {".git/config", ".git/hooks"})
            spec.places.push_back({Place::Kind::read_only, work_ / one, {}});
        auto boundary = Boundary::prepare(spec);
        EXPECT_TRUE(boundary) << boundary.error().message;
        if (boundary) EXPECT_TRUE(boundary->begin());
        return boundary;
    }
    bool until(const std::filesystem::path& file) {
        for (int i = 0; i < 1'000 && !std::filesystem::exists(file); ++i) ::usleep(10'000);
        return std::filesystem::exists(file);
    }
    std::filesystem::path work_;
};

TEST_F(Guarded, AFileThatWasReplacedOutsideIsGuardedAnew) {
    auto boundary =
        started("echo evil 2>/dev/null > .git/config && exit 1; touch begun; while ! test -e go; do sleep 0.01; done; "
                "sleep 0.2; for i in 1 2 3; do echo evil > .git/config && exit 2; mv .git/config .git/x && exit 3; "
                "echo evil > .git/c; mv .git/c .git/config && exit 4; rm -f .git/config && exit 5; done 2>/dev/null; "
                "echo evil 2>/dev/null > .git/hooks/pre-commit && exit 6; cp .git/config seen; exit 0");
    ASSERT_TRUE(boundary && until(work_ / "begun"));
    for (int i = 0; i < 20; ++i) put("config", "outside " + std::to_string(i));
    std::filesystem::rename(work_ / ".git/hooks", work_ / ".git/hooks.old");
    std::filesystem::create_directory(work_ / ".git/hooks.new");
    std::filesystem::rename(work_ / ".git/hooks.new", work_ / ".git/hooks");
    std::ofstream(work_ / "go") << "";
    EXPECT_EQ(boundary->wait(), 0);
    EXPECT_EQ(text_of(work_ / ".git/config"), "outside 19\n");
    EXPECT_EQ(text_of(work_ / "seen"), "outside 19\n");
    std::vector<std::string> changed;
    for (const auto& one : boundary->changed()) {
        EXPECT_FALSE(one.was_used);
        changed.push_back(one.path);
    }
    EXPECT_EQ(changed, (std::vector<std::string>{work_ / ".git/config", work_ / ".git/hooks"}));
}

TEST_F(Guarded, AFolderThatHoldsOneIsReplacedOutside) {
    auto boundary =
        started("touch begun; while ! test -e go; do sleep 0.01; done; sleep 0.2; "
                "echo evil 2>/dev/null > .git/config && exit 1; echo evil 2>/dev/null > .git/hooks/x && exit 2; "
                "mv .git .evil 2>/dev/null && exit 3; echo fine > .git/index; exit 0");
    ASSERT_TRUE(boundary && until(work_ / "begun"));
    std::filesystem::rename(work_ / ".git", folder_ / "before");
    std::filesystem::create_directories(work_ / "fresh/hooks");
    std::ofstream(work_ / "fresh/config") << "cloned anew\n";
    std::filesystem::rename(work_ / "fresh", work_ / ".git");
    std::ofstream(work_ / "go") << "";
    EXPECT_EQ(boundary->wait(), 0);
    EXPECT_EQ(text_of(work_ / ".git/config"), "cloned anew\n");
    EXPECT_EQ(text_of(work_ / ".git/index"), "fine\n");
}

// The moment between is there: whoever waits for it in a loop gets in at some time, and is ended then.
TEST_F(Guarded, WhoeverUsesTheMomentIsEnded) {
    std::size_t used = 0, evil = 0;
    for (int round = 0; round < 6; ++round) {
        put("config", "first");
        std::filesystem::remove(work_ / "begun");
        auto boundary = started("touch begun; exec python3 -c '\nimport os\nheld = []\nwhile True:\n"
                                "  try: held.append(os.open(\".git/config\", os.O_WRONLY | os.O_APPEND)); "
                                "os.write(held[-1], b\"evil\\n\")\n  except OSError: pass\n'");
        ASSERT_TRUE(boundary && until(work_ / "begun"));
        ::usleep(150'000);
        bool was_used = false;
        for (int i = 0; i < 300 && !was_used; ++i) {
            put("config", "outside " + std::to_string(i));
            ::usleep(1'000);
            for (const auto& one : boundary->changed()) was_used = was_used || one.was_used;
        }
        if (!was_used) {
            // Then nothing was written either, in none of the many moments.
            EXPECT_EQ(text_of(work_ / ".git/config").find("evil"), std::string::npos);
        } else {
            EXPECT_EQ(boundary->wait(), 128 + SIGKILL);
        }
        used += was_used;
        evil += text_of(work_ / ".git/config").find("evil") != std::string::npos;
    }
    std::printf("got in and was ended in %zu of 6 rounds of up to 300 moments, wrote in %zu\n", used, evil);
    EXPECT_LE(evil, used);
}

TEST_F(InBoundary, APlaceThatIsNotThereIsSaid) {
    BoundarySpec spec = plain();
    spec.places.push_back({Place::Kind::read_only, folder_ / "nothing", {}});
    const auto tried = Boundary::prepare(spec);
    ASSERT_FALSE(tried);
    EXPECT_NE(tried.error().message.find("nothing"), std::string::npos) << tried.error().message;
    spec.places.back().optional = true;
    EXPECT_TRUE(Boundary::prepare(spec));
}

TEST_F(InBoundary, AProgramThatIsNotThereIsSaid) {
    BoundarySpec spec = plain();
    spec.command = {"/usr/bin/no-such-program"};
    auto boundary = Boundary::prepare(spec);
    ASSERT_TRUE(boundary);
    const auto begun = boundary->begin();
    ASSERT_FALSE(begun);
    EXPECT_NE(begun.error().message.find("no-such-program"), std::string::npos) << begun.error().message;
}

TEST_F(InBoundary, DoorsLeadOutAndNowhereElse) {
    BoundarySpec spec = plain();
    spec.doors = {{false, 0}, {true, 53}};
    std::uint16_t port = 0;
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    spec.kept = {pipe[0]};
    spec.instead = [&] {
        std::uint16_t told = 0;
        if (::read(pipe[0], &told, sizeof told) != sizeof told) return 1;
        const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(told);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return 2;
        char answer = 0;
        return ::read(socket, &answer, 1) == 1 && answer == '!' ? 0 : 3;
    };
    auto boundary = Boundary::prepare(spec);
    ASSERT_TRUE(boundary);
    ASSERT_EQ(boundary->doors().size(), 2u);
    port = boundary->doors()[0].port;
    EXPECT_NE(port, 0);
    EXPECT_EQ(boundary->doors()[1].port, 53);
    ASSERT_TRUE(boundary->begin());
    ASSERT_EQ(::write(pipe[1], &port, sizeof port), static_cast<ssize_t>(sizeof port));
    pollfd waiting{boundary->doors()[0].descriptor, POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 10'000), 1);
    const int client = ::accept(waiting.fd, nullptr, nullptr);
    EXPECT_EQ(::write(client, "!", 1), 1);
    EXPECT_EQ(boundary->wait(), 0);
    for (const int one : {pipe[0], pipe[1], client}) ::close(one);
}

TEST_F(InBoundary, SignalsReachTheProgram) {
    BoundarySpec spec = plain();
    spec.command = {"/usr/bin/sh", "-c", "trap 'exit 9' TERM; echo > ready; while :; do sleep 0.05; done"};
    spec.environment = {"PATH=/usr/bin:/bin"};
    auto boundary = Boundary::prepare(spec);
    ASSERT_TRUE(boundary && boundary->begin());
    for (int i = 0; i < 200 && !std::filesystem::exists(folder_ / "work/ready"); ++i) ::usleep(10'000);
    boundary->signal(SIGTERM);
    EXPECT_EQ(boundary->wait(), 9);
}

// Whether any process still has the folder in its arguments.
bool lives(const std::string& mark) {
    for (const auto& one : std::filesystem::directory_iterator("/proc")) {
        const std::string name = one.path().filename();
        if (name.find_first_not_of("0123456789") == std::string::npos && std::stoi(name) != ::getpid() &&
            text_of(one.path() / "cmdline").find(mark) != std::string::npos)
            return true;
    }
    return false;
}

TEST_F(InBoundary, NothingIsLeftWhenItsOwnerIsKilled) {
    const std::string mark = "left-" + folder_.filename().string();
    const pid_t owner = ::fork();
    if (owner == 0) {
        BoundarySpec spec = plain();
        // Daemons that leave their parents behind, too.
        spec.command = {"/usr/bin/sh", "-c", "(setsid sh -c 'sleep 600; : '" + mark + " &) ; echo > ready; sleep 600",
                        mark};
        spec.environment = {"PATH=/usr/bin:/bin"};
        auto boundary = Boundary::prepare(spec);
        if (!boundary || !boundary->begin()) ::_exit(1);
        ::_exit(boundary->wait());
    }
    bool up = false; // a process has no arguments for a moment while it becomes another program
    for (int i = 0; i < 500 && !up; ++i, ::usleep(10'000))
        up = std::filesystem::exists(folder_ / "work/ready") && lives(mark);
    EXPECT_TRUE(up);
    ::kill(owner, SIGKILL);
    ::waitpid(owner, nullptr, 0);
    bool left = true;
    for (int i = 0; i < 500 && (left = lives(mark)); ++i) ::usleep(10'000);
    EXPECT_FALSE(left);
}

TEST_F(InBoundary, NothingIsLeftWhenItIsGivenUp) {
    const std::string mark = "given-up-" + folder_.filename().string();
    BoundarySpec spec = plain();
    spec.command = {"/usr/bin/sh", "-c", "sleep 600", mark};
    spec.environment = {"PATH=/usr/bin:/bin"};
    {
        auto boundary = Boundary::prepare(spec);
        ASSERT_TRUE(boundary && boundary->begin());
        EXPECT_TRUE(lives(mark));
    }
    EXPECT_FALSE(lives(mark));
}

TEST_F(InBoundary, WhatListensInsideIsReachedFromOutsideWhereThatIsWanted) {
    EXPECT_EQ(nullptr, Boundary::prepare(spec_)->dialer());
    spec_.is_reached = true;
    spec_.instead = [] {
        const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(3000);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 1;
        if (::listen(listening, 4) != 0) return 2;
        const int accepted = ::accept(listening, nullptr, nullptr);
        return accepted >= 0 && ::write(accepted, "hello", 5) == 5 ? 0 : 3;
    };
    auto boundary = Boundary::prepare(spec_);
    ASSERT_TRUE(boundary) << boundary.error().message;
    Dialer* const dialer = boundary->dialer();
    ASSERT_NE(nullptr, dialer);
    ASSERT_TRUE(boundary->begin());
    std::vector<std::uint16_t> found;
    for (int i = 0; i < 500 && found.empty(); ++i) {
        found = dialer->listening();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_EQ(std::vector<std::uint16_t>{3000}, found);
    EXPECT_FALSE(dialer->connect(3001));
    const auto socket = dialer->connect(3000);
    ASSERT_TRUE(socket) << socket.error().message;
    pollfd ready{*socket, POLLIN, 0};
    EXPECT_EQ(1, ::poll(&ready, 1, 10'000));
    char said[8] = {};
    EXPECT_EQ(5, ::read(*socket, said, sizeof said));
    EXPECT_STREQ("hello", said);
    ::close(*socket);
    EXPECT_EQ(0, boundary->wait());
    EXPECT_FALSE(dialer->connect(3000)); // all inside are gone
}

TEST_F(InBoundary, ADialerThatIsStoppedIsNotAskedAgain) {
    spec_.is_reached = true;
    spec_.instead = [] { // everybody inside is of the same user: it may be stopped, and answers no more
        for (int process = 2; process < 64; ++process)
            if (process != ::getpid()) ::kill(process, SIGSTOP);
        ::sleep(20);
        return 0;
    };
    auto boundary = Boundary::prepare(spec_);
    ASSERT_TRUE(boundary) << boundary.error().message;
    ASSERT_TRUE(boundary->begin());
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_FALSE(boundary->dialer()->connect(3000));
    EXPECT_FALSE(boundary->dialer()->connect(3000));
}

TEST(Listening, IsReadFromTheKernelsTable) {
    std::vector<std::uint16_t> out;
    add_listening("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
                  "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
                  "   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
                  "   2: 0100007F:1F91 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000     0\n"
                  "   3: 00000000000000000000000001000000:1435 00000000000000000000000000000000:0000 0A 0\n"
                  "nonsense\n  4: x\n  5: 0100007F:XYZW 00000000:0000 0A 1\n  6: 0100007F:0BB9 0000",
                  out);
    EXPECT_EQ((std::vector<std::uint16_t>{3000, 8080, 5173}), out);
}

} // namespace
} // namespace sallyport::sandbox
