// Command probe is what the tests of package stack run in a container.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	switch os.Args[1] {
	case "serve":
		serve()
	case "end":
		for n := range 300 {
			fmt.Fprintln(os.Stderr, "line", n)
		}
		fmt.Fprintln(os.Stderr, "\x1b[31mthe last\x00line")
		code, _ := strconv.Atoi(os.Args[2])
		os.Exit(code)
	case "eat":
		eaten := [][]byte{}
		for {
			block := make([]byte, 1<<20)
			for i := range block {
				block[i] = 1
			}
			eaten = append(eaten, block)
		}
	case "wait":
		fmt.Println("waiting")
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
	}
}

// serve shows what a container was given and what it can reach.
func serve() {
	http.HandleFunc("/env", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Join(os.Environ(), "\n")) })
	http.HandleFunc("/file/", func(w http.ResponseWriter, r *http.Request) {
		content, err := os.ReadFile(strings.TrimPrefix(r.URL.Path, "/file"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.Write(content)
	})
	http.HandleFunc("/dial", func(w http.ResponseWriter, r *http.Request) {
		connection, err := net.DialTimeout("tcp", r.URL.Query().Get("to"), time.Second)
		if err != nil {
			io.WriteString(w, err.Error())
			return
		}
		connection.Close()
		io.WriteString(w, "connected")
	})
	go http.ListenAndServe(":8080", nil)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	fmt.Println("stopped cleanly")
}
