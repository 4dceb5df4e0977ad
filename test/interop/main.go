// What other people's implementations of transparency logs say of ours, and logs that they write:
//
//	interop verify KEY LOG [CHECKPOINT ...]   a log in the C2SP tlog-tiles layout: each entry in it, each earlier checkpoint before it
//	interop proofs KEY BUNDLE                 the entries/*.tlog-proof of an unpacked bundle
//	interop write LOG SIZE [EXTENSION ...]    a log of SIZE entries; prints the key
//
// It uses golang.org/x/mod/sumdb (note, tlog) and github.com/transparency-dev/merkle, and nothing of Sallyport. Prints one JSON object;
// what does not hold ends it with code 1 and a sentence on standard error.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

func main() {
	if len(os.Args) < 4 {
		stop(fmt.Errorf("wrong use: see the head of main.go"))
	}
	var told map[string]interface{}
	var err error
	switch os.Args[1] {
	case "verify":
		told, err = verify(os.Args[2], os.Args[3], os.Args[4:])
	case "proofs":
		told, err = proofs(os.Args[2], os.Args[3])
	case "write":
		var size int64
		if size, err = strconv.ParseInt(os.Args[3], 10, 64); err == nil {
			told, err = write(os.Args[2], size, os.Args[4:])
		}
	default:
		err = fmt.Errorf("%s: no such command", os.Args[1])
	}
	if err != nil {
		stop(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		stop(err)
	}
}

func stop(err error) {
	fmt.Fprintln(os.Stderr, "interop:", err)
	os.Exit(1)
}
