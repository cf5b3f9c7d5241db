// Package talk holds what is said in the interop talk, and the command line. It knows nothing of any library.
package talk

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

const (
	Ping              = "are you there?"
	AskToClose        = "please close"
	ClientCloseCode   = 4000
	ClientCloseReason = "all done ✓"
	ServerCloseCode   = 4321
	ServerCloseReason = "as you wish ✓"
)

// Parts are the fragments of one text message.
var Parts = []string{"añ", "", "€😀", "fin"}

// Message is one message, text or binary.
type Message struct {
	Text bool
	Data []byte
}

// Messages returns what the client sends.
func Messages() []Message {
	var messages []Message
	for _, size := range []int{0, 1, 125, 126, 65_535, 65_536, 1 << 20} {
		text := strings.Repeat("añ€😀", size/10) + strings.Repeat("x", size%10)
		messages = append(messages, Message{true, []byte(text)}, Message{false, noise(size)})
	}
	return messages
}

// noise does not compress.
func noise(size int) []byte {
	data := make([]byte, size)
	state := uint32(1)
	for at := range data {
		state = state*1_664_525 + 1_013_904_223
		data[at] = byte(state >> 24)
	}
	return data
}

// ExpectEcho compares a message with what came back.
func ExpectEcho(sent Message, isText bool, echo []byte) error {
	if isText != sent.Text || !bytes.Equal(sent.Data, echo) {
		return fmt.Errorf("sent %d bytes (text: %t), heard %d bytes (text: %t)",
			len(sent.Data), sent.Text, len(echo), isText)
	}
	return nil
}

// Expect compares anything else.
func Expect[T comparable](what string, expected, found T) error {
	if expected != found {
		return fmt.Errorf("%s: expected %v, found %v", what, expected, found)
	}
	return nil
}

// Main runs what the command line asks for; both functions are told whether to compress.
func Main(library string, handler func(deflate bool) http.Handler, client func(deflate bool, url string) error) {
	if err := run(os.Args[1:], library, handler, client); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string, library string, handler func(bool) http.Handler, client func(bool, string) error) error {
	switch {
	case len(arguments) == 1 && arguments[0] == "version":
		fmt.Printf("%s, Go %s\n", version(library), strings.TrimPrefix(runtime.Version(), "go"))
		return nil
	case len(arguments) == 2 && arguments[0] == "server":
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Printf("listening on ws://%s\n", listener.Addr())
		return http.Serve(listener, handler(arguments[1] == "deflate"))
	case len(arguments) == 3 && arguments[0] == "client":
		if err := client(arguments[1] == "deflate", arguments[2]); err != nil {
			return err
		}
		fmt.Println("ok")
		return nil
	}
	return errors.New("usage: version | server plain|deflate | client plain|deflate URL")
}

func version(library string) string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == library {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}
