#include "sandbox/probes.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::sandbox {

namespace {

constexpr unsigned probe_seconds_max = 5;

// The baits, taken away at the end.
class Baits {
public:
    Result<void> lay();
    ~Baits();
    const Bait& bait() const { return bait_; }

private:
    bool write(const std::filesystem::path& path, std::string_view text = bait_text);
    bool listen_unix(const void* path, std::size_t length);
    std::uint16_t listen_ip(int family, int type);
    bool lay_files();
    bool lay_sockets();
    bool lay_processes();

    Bait bait_;
    std::vector<int> sockets_;
};

bool Baits::write(const std::filesystem::path& path, std::string_view text) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    std::ofstream file(path);
    file << text;
    return file.good();
}

bool Baits::listen_unix(const void* path, std::size_t length) {
    sockaddr_un address{};
    if (length > sizeof address.sun_path) return false;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path, length);
    sockets_.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    return ::bind(sockets_.back(), reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
           ::listen(sockets_.back(), 8) == 0;
}

// 0 where there is no such network.
std::uint16_t Baits::listen_ip(int family, int type) {
    sockaddr_in6 address{}; // as large as both
    address.sin6_family = static_cast<sa_family_t>(family);
    socklen_t size = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (family == AF_INET6)
        address.sin6_addr = in6addr_loopback;
    else
        reinterpret_cast<sockaddr_in*>(&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    sockets_.push_back(::socket(family, type | SOCK_CLOEXEC, 0));
    if (::bind(sockets_.back(), generic, size) != 0 || (type == SOCK_STREAM && ::listen(sockets_.back(), 64) != 0))
        return 0;
    ::getsockname(sockets_.back(), generic, &size);
    return ntohs(address.sin6_port); // at the same place in both
}

bool Baits::lay_files() {
    // Not in /tmp, whose own bait is another: where the boundary shows a fresh one, nothing else would be tried.
    char made[] = "/var/tmp/sallyport-probes-XXXXXX";
    if (::mkdtemp(made) == nullptr) return false;
    bait_.folder = made;
    bait_.workspace = bait_.folder / "workspace";
    bait_.home = bait_.folder / "home";
    bait_.secret = bait_.folder / "elsewhere/secret";
    bait_.home_secret = bait_.home / ".ssh/id_ed25519";
    bait_.tmp_secret = "/tmp/" + bait_.folder.filename().string();
    for (const auto& path :
         {bait_.secret, bait_.home_secret, bait_.tmp_secret, bait_.home / ".bashrc-bait", bait_.folder / "state/kept",
          bait_.workspace / ".git/config", bait_.workspace / ".git/hooks/post-commit", bait_.workspace / ".mcp.json",
          bait_.workspace / ".claude/settings.json", bait_.workspace / ".vscode/tasks.json"})
        if (!write(path)) return false;
    bait_.descriptor = ::open(bait_.secret.c_str(), O_RDONLY); // inheritable on purpose
    return bait_.descriptor >= 0;
}

bool Baits::lay_sockets() {
    bait_.socket = bait_.folder / "socket";
    bait_.agent_socket = bait_.home / "agent";
    bait_.abstract_socket = bait_.folder.filename().string();
    const std::string abstract = std::string(1, '\0') + bait_.abstract_socket;
    bait_.tcp_port = listen_ip(AF_INET, SOCK_STREAM);
    bait_.udp_port = listen_ip(AF_INET, SOCK_DGRAM);
    bait_.tcp6_port = listen_ip(AF_INET6, SOCK_STREAM);
    return bait_.tcp_port != 0 && bait_.udp_port != 0 &&
           listen_unix(bait_.socket.c_str(), bait_.socket.string().size() + 1) &&
           listen_unix(bait_.agent_socket.c_str(), bait_.agent_socket.string().size() + 1) &&
           listen_unix(abstract.data(), abstract.size());
}

bool Baits::lay_processes() {
    bait_.shared_memory = ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    bait_.shared_name = "/" + bait_.folder.filename().string();
    const int shared = ::shm_open(bait_.shared_name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (shared >= 0) ::close(shared);
    const pid_t self = ::getpid();
    bait_.process = ::fork();
    if (bait_.process == 0) {
        while (::getppid() == self) ::usleep(50'000);
        ::_exit(0);
    }
    return bait_.process > 0 && bait_.shared_memory >= 0 && shared >= 0;
}

Result<void> Baits::lay() {
    if (!lay_files() || !lay_sockets() || !lay_processes())
        return fail_errno("cannot lay what the probes of the boundary reach for");
    return {};
}

Baits::~Baits() {
    if (bait_.process > 0) {
        ::kill(bait_.process, SIGKILL);
        ::waitpid(bait_.process, nullptr, 0);
    }
    if (bait_.shared_memory >= 0) ::shmctl(bait_.shared_memory, IPC_RMID, nullptr);
    if (!bait_.shared_name.empty()) ::shm_unlink(bait_.shared_name.c_str());
    for (const int socket : sockets_) ::close(socket);
    if (bait_.descriptor >= 0) ::close(bait_.descriptor);
    std::error_code error;
    if (!bait_.tmp_secret.empty()) std::filesystem::remove(bait_.tmp_secret, error);
    if (!bait_.folder.empty()) std::filesystem::remove_all(bait_.folder, error);
}

// Each probe in a process of its own: what it opened, and how it ended, is nobody else's.
Verdict attempt(const Probe& probe, const Bait& bait) {
    const pid_t child = ::fork();
    if (child < 0) return Verdict::failed;
    if (child == 0) {
        ::alarm(probe_seconds_max);
        ::_exit(static_cast<int>(probe.attempt(bait)));
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child) return Verdict::failed;
    // Ended by the kernel at the call: there is no harder refusal. By the alarm: nothing is known.
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGALRM ? Verdict::failed : Verdict::closed;
    return static_cast<Verdict>(WEXITSTATUS(status));
}

int attempt_all(const std::vector<Probe>& probes, const Bait& bait, int out) {
    std::string verdicts;
    for (const Probe& probe : probes) verdicts += static_cast<char>(attempt(probe, bait));
    return ::write(out, verdicts.data(), verdicts.size()) == static_cast<ssize_t>(verdicts.size()) ? 0 : 1;
}

} // namespace

const char* name_of(Verdict verdict) {
    constexpr const char* names[] = {"closed", "open", "not here", "failed"};
    return names[static_cast<std::size_t>(verdict) % 4];
}

std::vector<Probe> all_probes() {
    std::vector<Probe> out = network_probes();
    for (auto group : {file_probes(), kernel_probes()}) out.insert(out.end(), group.begin(), group.end());
    return out;
}

Result<std::vector<Probed>> probe_boundary(const ViewOf& view) {
    Baits baits;
    if (auto laid = baits.lay(); !laid) return std::unexpected(laid.error());
    auto places = view(baits.bait());
    if (!places) return std::unexpected(places.error());
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe");
    const std::vector<Probe> probes = all_probes();
    BoundarySpec spec;
    spec.places = std::move(*places);
    spec.directory = baits.bait().workspace;
    spec.kept = {pipe[1]};
    spec.instead = [&] { return attempt_all(probes, baits.bait(), pipe[1]); };
    auto boundary = Boundary::prepare(spec);
    ::close(pipe[1]);
    std::string verdicts(probes.size(), static_cast<char>(Verdict::failed));
    std::size_t count = 0;
    Result<void> begun;
    if (boundary && (begun = boundary->begin()))
        for (ssize_t got = 0; (got = ::read(pipe[0], verdicts.data() + count, verdicts.size() - count)) > 0;)
            count += static_cast<std::size_t>(got);
    ::close(pipe[0]);
    if (!boundary) return std::unexpected(boundary.error());
    if (!begun) return std::unexpected(begun.error());
    boundary->wait();
    std::vector<Probed> out;
    for (std::size_t i = 0; i < probes.size(); ++i) out.push_back({probes[i], static_cast<Verdict>(verdicts[i])});
    return out;
}

Result<std::vector<Probed>> probe_without_boundary() {
    Baits baits;
    if (auto laid = baits.lay(); !laid) return std::unexpected(laid.error());
    std::vector<Probed> out;
    for (const Probe& probe : all_probes())
        if (probe.baited) out.push_back({probe, attempt(probe, baits.bait())});
    return out;
}

char tier_of(const std::vector<Probed>& probed) {
    const bool holds = std::ranges::all_of(
        probed, [](const Probed& one) { return one.verdict == Verdict::closed || one.verdict == Verdict::not_here; });
    return holds && !probed.empty() ? 'A' : '\0';
}

} // namespace sallyport::sandbox
