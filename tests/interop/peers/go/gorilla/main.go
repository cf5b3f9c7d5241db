// The interop talk by the library gorilla/websocket.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"polywire.invalid/interop/talk"
)

func main() {
	talk.Main("github.com/gorilla/websocket", handler, client)
}

func handler(deflate bool) http.Handler {
	upgrader := websocket.Upgrader{EnableCompression: deflate}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		connection, err := upgrader.Upgrade(response, request, nil)
		if err != nil {
			log.Println(err)
			return
		}
		defer connection.Close()
		if err := answer(connection); err != nil {
			log.Println(err)
		}
	})
}

func answer(connection *websocket.Conn) error {
	for {
		kind, data, err := connection.ReadMessage()
		var closed *websocket.CloseError
		switch {
		case errors.As(err, &closed):
			// Its close handler has answered already.
			fmt.Println("closed", closed.Code, closed.Text)
			return nil
		case err != nil:
			return err
		case string(data) == talk.AskToClose:
			err = sendClose(connection, talk.ServerCloseCode, talk.ServerCloseReason)
		default:
			err = echo(connection, kind, data)
		}
		if err != nil {
			return err
		}
	}
}

// echo leaves long messages to the library's writer, which sends a fragment for each full buffer.
func echo(connection *websocket.Conn, kind int, data []byte) error {
	writer, err := connection.NextWriter(kind)
	if err != nil {
		return err
	}
	if _, err := writer.Write(data); err != nil {
		return err
	}
	return writer.Close()
}

func client(deflate bool, url string) error {
	dialer := websocket.Dialer{EnableCompression: deflate, HandshakeTimeout: 10 * time.Second}
	for _, talkOver := range []func(*websocket.Conn) error{fullTalk, askToClose} {
		connection, response, err := dialer.Dial(url, nil)
		if err != nil {
			return err
		}
		defer connection.Close()
		extensions := response.Header.Get("Sec-WebSocket-Extensions")
		compressed := strings.Contains(extensions, "permessage-deflate")
		if err := talk.Expect("compressed", deflate, compressed); err != nil {
			return err
		}
		if err := talkOver(connection); err != nil {
			return err
		}
	}
	return nil
}

func fullTalk(connection *websocket.Conn) error {
	for _, message := range talk.Messages() {
		kind := websocket.BinaryMessage
		if message.Text {
			kind = websocket.TextMessage
		}
		if err := connection.WriteMessage(kind, message.Data); err != nil {
			return err
		}
		if err := expectEcho(connection, message); err != nil {
			return err
		}
	}

	// The library decides where the fragments end: this one gets a second.
	parts := strings.Repeat(strings.Join(talk.Parts, ""), 500)
	if err := echo(connection, websocket.TextMessage, []byte(parts)); err != nil {
		return err
	}
	if err := expectEcho(connection, talk.Message{Text: true, Data: []byte(parts)}); err != nil {
		return err
	}

	var pong string
	connection.SetPongHandler(func(payload string) error {
		pong = payload
		return nil
	})
	deadline := time.Now().Add(10 * time.Second)
	if err := connection.WriteControl(websocket.PingMessage, []byte(talk.Ping), deadline); err != nil {
		return err
	}
	if err := sendClose(connection, talk.ClientCloseCode, talk.ClientCloseReason); err != nil {
		return err
	}
	if err := expectClose(connection, talk.ClientCloseCode, ""); err != nil {
		return err
	}
	return talk.Expect("pong", talk.Ping, pong)
}

func askToClose(connection *websocket.Conn) error {
	if err := connection.WriteMessage(websocket.TextMessage, []byte(talk.AskToClose)); err != nil {
		return err
	}
	return expectClose(connection, talk.ServerCloseCode, talk.ServerCloseReason)
}

func expectEcho(connection *websocket.Conn, sent talk.Message) error {
	kind, data, err := connection.ReadMessage()
	if err != nil {
		return err
	}
	return talk.ExpectEcho(sent, kind == websocket.TextMessage, data)
}

// expectClose reads to the close frame, and behind it to the end of the stream.
func expectClose(connection *websocket.Conn, code int, reason string) error {
	_, _, err := connection.ReadMessage()
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		return fmt.Errorf("expected a close frame, found %v", err)
	}
	if err := talk.Expect("close code", code, closed.Code); err != nil {
		return err
	}
	if reason != "" {
		if err := talk.Expect("close reason", reason, closed.Text); err != nil {
			return err
		}
	}
	if _, err := io.ReadAll(connection.NetConn()); err != nil {
		return fmt.Errorf("after the close frames: %w", err)
	}
	return nil
}

func sendClose(connection *websocket.Conn, code int, reason string) error {
	frame := websocket.FormatCloseMessage(code, reason)
	return connection.WriteControl(websocket.CloseMessage, frame, time.Now().Add(10*time.Second))
}
