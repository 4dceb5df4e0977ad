// A boundary around one program, tier A: namespaces of its own for users, mounts, processes, network and names, with Landlock and
// seccomp on top. Needs Linux 5.12 and user namespaces for whoever calls, no root. Nothing of it outlives its program or us: the
// kernel ends all processes inside with the first of them, and that one with this process.
//
//   this process (outside) - the keeper (sets up, waits) - process 1 inside - the program
//
// There is no network inside but a loopback of its own. Sockets that listen there are made by the keeper and handed out to this
// process, which answers on them from outside: they are the only way out.
#pragma once

#include "base/error.h"
#include "sandbox/dialer.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::sandbox {

// One place in the file system as it is seen inside. Later ones cover earlier ones; parents that are missing are made.
struct Place {
    enum class Kind : std::uint8_t {
        read_only,  // what is outside at `source`, with all below it
        read_write, // the same, for writing
        entries,    // each thing in the folder `source`, read-only; later places may add to them
        fresh,      // an empty folder in memory, writable
        text,       // a file, read-only, with `source` as its text
        written,    // the same as an ordinary file of the fresh folder that it lies in
        link,       // a symbolic link to `source`
    };
    Kind kind = Kind::read_only;
    std::filesystem::path at; // absolute
    std::string source;       // empty: `at`; of a fresh folder its most bytes ("64m"), empty: half of the memory
    bool optional = false;    // left out where the source is not there
    bool sealed =
        false; // of what is read-only within a place that can be written: nobody writes it where it stands (guards.h)
};

// What listens inside. Port 0: a free one.
struct Door {
    bool datagrams = false; // UDP
    std::uint16_t port = 0;
    std::uint32_t address = 0x7F000001; // of 127.0.0.0/8
};

struct BoundarySpec {
    std::vector<Place> places;
    std::vector<Door> doors;         // at most descriptors_max
    bool every_address = false;      // each IPv4 address is one of ours inside, and the doors are at all of them
    std::filesystem::path directory; // where the program begins
    std::vector<std::string> command;
    std::vector<std::string> environment; // NAME=value, all of it
    std::string host_name = "sallyport";
    // Of the program, in place of this process's own: of its output and its errors. -1: the same as here. Its input is then empty.
    int output = -1;
    // Called instead of starting `command`, with all limits in force; its result is the exit code. For probes and tests.
    std::function<int()> instead;
    // Descriptors of this process that `instead` may use; all others but 0, 1 and 2 are closed in the program.
    std::vector<int> kept;
    bool may_debug = true;   // ptrace of its own children
    bool is_reached = false; // what listens inside can be connected to from outside (Boundary::dialer)
};

class Boundary {
public:
    // Everything is ready, the program does not run yet. Call it before this process has made a thread. Errors say what the kernel
    // refused and what mends it.
    static Result<Boundary> prepare(const BoundarySpec& spec);
    Boundary(Boundary&& other) noexcept;
    Boundary& operator=(Boundary&&) = delete;
    ~Boundary(); // ends all inside

    struct OpenDoor {
        int descriptor = -1; // listening, or a bound UDP socket; ours, non-blocking
        std::uint16_t port = 0;
    };
    const std::vector<OpenDoor>& doors() const { return doors_; }
    Dialer* dialer() const { return dialer_.get(); } // null: it is not reached
    // Starts the program. An error where it cannot be executed.
    Result<void> begin();
    // Sends a signal to the program alone.
    void signal(int number) const;
    // Until the program ended and everything inside with it: its exit code, or 128 + the signal that ended it.
    int wait();
    // Files that are read-only within a place that can be written, in whose place somebody put others since it began (guards.h); `was_used`:
    // a program inside wrote there in that moment, and all was ended.
    struct Changed {
        std::string path;
        bool was_used = false;
    };
    std::vector<Changed> changed() const;
    // Of those inside /proc/PID/ns/pid_for_children tells the namespace.
    int keeper() const { return keeper_; }
    // Ready for reading when the program ended.
    int ended() const { return pidfd_; }

private:
    Boundary() = default;
    int keeper_ = -1;  // process
    int pidfd_ = -1;   // of the keeper, which ends with the program
    int first_ = -1;   // pidfd of process 1 inside
    int program_ = -1; // pidfd of the program
    int talk_ = -1;    // to process 1
    int changes_ = -1; // from the keeper
    std::unique_ptr<Dialer> dialer_;
    std::vector<OpenDoor> doors_;
};

} // namespace sallyport::sandbox
