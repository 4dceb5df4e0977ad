// With a real boundary; on a machine that gives none, these tests say so.
#include "sandbox/boundary.h"

#include "sandbox/boundary_fixture.h"

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

class InBoundary : public ::testing::Test, protected BoundaryFolder {
protected:
    void SetUp() override {
        if (const std::string why = make(); !why.empty()) GTEST_SKIP() << why;
    }
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
        char end = 0; // waited for: with this program all inside ends, also who hands the connection out
        return accepted >= 0 && ::write(accepted, "hello", 5) == 5 && ::read(accepted, &end, 1) == 0 ? 0 : 3;
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
