// The interop talk by the library coder/websocket. Its pings carry what it chooses itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"polywire.invalid/interop/talk"
)

func main() {
	talk.Main("github.com/coder/websocket", handler, client)
}

func compression(deflate bool) websocket.CompressionMode {
	if deflate {
		return websocket.CompressionContextTakeover
	}
	return websocket.CompressionDisabled
}

func handler(deflate bool) http.Handler {
	options := websocket.AcceptOptions{CompressionMode: compression(deflate)}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		connection, err := websocket.Accept(response, request, &options)
		if err != nil {
			log.Println(err)
			return
		}
		defer connection.CloseNow()
		connection.SetReadLimit(-1)
		if err := answer(request.Context(), connection); err != nil {
			log.Println(err)
		}
	})
}

func answer(ctx context.Context, connection *websocket.Conn) error {
	for {
		kind, data, err := connection.Read(ctx)
		var closed websocket.CloseError
		switch {
		case errors.As(err, &closed):
			fmt.Println("closed", int(closed.Code), closed.Reason)
			return nil
		case err != nil:
			return err
		case string(data) == talk.AskToClose:
			return connection.Close(talk.ServerCloseCode, talk.ServerCloseReason)
		}
		if err := connection.Write(ctx, kind, data); err != nil {
			return err
		}
	}
}

func client(deflate bool, url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	options := websocket.DialOptions{CompressionMode: compression(deflate)}
	for _, talkOver := range []func(context.Context, *websocket.Conn) error{fullTalk, askToClose} {
		connection, response, err := websocket.Dial(ctx, url, &options)
		if err != nil {
			return err
		}
		defer connection.CloseNow()
		connection.SetReadLimit(-1)
		extensions := response.Header.Get("Sec-WebSocket-Extensions")
		compressed := strings.Contains(extensions, "permessage-deflate")
		if err := talk.Expect("compressed", deflate, compressed); err != nil {
			return err
		}
		if err := talkOver(ctx, connection); err != nil {
			return err
		}
	}
	return nil
}

func fullTalk(ctx context.Context, connection *websocket.Conn) error {
	for _, message := range talk.Messages() {
		kind := websocket.MessageBinary
		if message.Text {
			kind = websocket.MessageText
		}
		if err := connection.Write(ctx, kind, message.Data); err != nil {
			return err
		}
		if err := expectEcho(ctx, connection, message); err != nil {
			return err
		}
	}
	if err := sendParts(ctx, connection); err != nil {
		return err
	}
	whole := []byte(strings.Join(talk.Parts, ""))
	if err := expectEcho(ctx, connection, talk.Message{Text: true, Data: whole}); err != nil {
		return err
	}
	if err := ping(ctx, connection); err != nil {
		return err
	}
	// Fails unless the close frame that comes back carries the same code.
	return connection.Close(talk.ClientCloseCode, talk.ClientCloseReason)
}

func sendParts(ctx context.Context, connection *websocket.Conn) error {
	writer, err := connection.Writer(ctx, websocket.MessageText)
	if err != nil {
		return err
	}
	for _, part := range talk.Parts {
		if _, err := writer.Write([]byte(part)); err != nil {
			return err
		}
	}
	return writer.Close()
}

// ping has to be read for while it waits. The message behind it ends the reading.
func ping(ctx context.Context, connection *websocket.Conn) error {
	ponged := make(chan error, 1)
	go func() {
		err := connection.Ping(ctx)
		if err == nil {
			err = connection.Write(ctx, websocket.MessageText, []byte("thanks"))
		}
		ponged <- err
	}()
	if err := expectEcho(ctx, connection, talk.Message{Text: true, Data: []byte("thanks")}); err != nil {
		return err
	}
	return <-ponged
}

func askToClose(ctx context.Context, connection *websocket.Conn) error {
	if err := connection.Write(ctx, websocket.MessageText, []byte(talk.AskToClose)); err != nil {
		return err
	}
	_, _, err := connection.Read(ctx)
	var closed websocket.CloseError
	if !errors.As(err, &closed) {
		return fmt.Errorf("expected a close frame, found %v", err)
	}
	if err := talk.Expect("close code", talk.ServerCloseCode, int(closed.Code)); err != nil {
		return err
	}
	return talk.Expect("close reason", talk.ServerCloseReason, closed.Reason)
}

func expectEcho(ctx context.Context, connection *websocket.Conn, sent talk.Message) error {
	kind, data, err := connection.Read(ctx)
	if err != nil {
		return err
	}
	return talk.ExpectEcho(sent, kind == websocket.MessageText, data)
}
