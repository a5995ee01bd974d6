// Probe looks at a cluster from inside a pod, for the tests of the cluster itself. It needs no image
// builder and no base image. Each command prints what it finds, one fact a line.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
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

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

func main() {
	commands := map[string]func([]string) error{
		"serve":   serve,
		"webhook": webhook,
		"get":     get,
		"lookup":  lookup,
		"api":     api,
		"eat":     eat,
		"limits":  limits,
		"copy":    copied,
		"wait":    wait,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: probe serve|webhook|get|lookup|api|eat|limits|copy|wait ...")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

// serve answers every request on a port with the name of this host.
func serve(arguments []string) error {
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		name, _ := os.Hostname()
		fmt.Println("asked by", request.RemoteAddr)
		fmt.Fprintln(answer, name)
	})
	return http.ListenAndServe(":"+arguments[0], nil)
}

// webhook labels what it is shown; its certificate is in the folder that it is given.
func webhook(arguments []string) error {
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		var review struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Request    struct {
				UID string `json:"uid"`
			} `json:"request"`
		}
		if err := json.NewDecoder(request.Body).Decode(&review); err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		json.NewEncoder(answer).Encode(map[string]any{
			"apiVersion": review.APIVersion,
			"kind":       review.Kind,
			"response": map[string]any{
				"uid": review.Request.UID, "allowed": true, "patchType": "JSONPatch",
				"patch": []byte(`[{"op":"add","path":"/metadata/labels","value":{"seen":"yes"}}]`),
			},
		})
	})
	folder := arguments[1]
	return http.ListenAndServeTLS(":"+arguments[0], folder+"/tls.crt", folder+"/tls.key", nil)
}

// get prints status and body of a page, or how the connection failed and how long that took.
func get(arguments []string) error {
	client := http.Client{Timeout: 10 * time.Second}
	began := time.Now()
	answer, err := client.Get(arguments[0])
	if errors.Is(err, syscall.ECONNREFUSED) {
		fmt.Println("refused in", time.Since(began).Milliseconds())
		return nil
	}
	if errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) {
		fmt.Println("unreachable in", time.Since(began).Milliseconds())
		return nil
	}
	if err != nil {
		return err
	}
	return show(answer)
}

func show(answer *http.Response) error {
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, strings.TrimSpace(string(body)))
	return err
}

// lookup prints the addresses of a name.
func lookup(arguments []string) error {
	found, err := net.LookupHost(arguments[0])
	var unknown *net.DNSError
	if errors.As(err, &unknown) && unknown.IsNotFound {
		fmt.Println("no such name")
		return nil
	}
	if err == nil {
		fmt.Println(strings.Join(found, " "))
	}
	return err
}

// api asks the API server for a path, as this pod's account.
func api(arguments []string) error {
	authority, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		return err
	}
	token, err := os.ReadFile(account + "token")
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	client := http.Client{Transport: transport, Timeout: 10 * time.Second}
	for _, server := range []string{"https://kubernetes.default.svc", "https://" + net.JoinHostPort(
		os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))} {
		request, err := http.NewRequest(http.MethodGet, server+arguments[0], nil)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+string(token))
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		answer.Body.Close()
		fmt.Println(answer.StatusCode)
	}
	return nil
}

// eat takes memory, in steps of a mebibyte, up to the number that it is given.
func eat(arguments []string) error {
	wanted, err := strconv.Atoi(arguments[0])
	if err != nil {
		return err
	}
	var held [][]byte
	for len(held) < wanted {
		block := make([]byte, 1<<20)
		for at := range block {
			block[at] = 1
		}
		held = append(held, block)
	}
	fmt.Println("ate", len(held))
	return nil
}

// limits prints what this process may not do.
func limits([]string) error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(status), "\n") {
		switch name, value, _ := strings.Cut(line, ":"); name {
		case "Uid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp":
			fmt.Println(name, strings.Fields(value)[0])
		}
	}
	fmt.Println("root", outcome(os.WriteFile("/written", nil, 0o600)))
	fmt.Println("tmp", outcome(os.WriteFile("/tmp/written", nil, 0o600)))
	fmt.Println("unshare", outcome(syscall.Unshare(syscall.CLONE_NEWNS|syscall.CLONE_NEWUTS)))
	return nil
}

func outcome(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return strings.ReplaceAll(number.Error(), " ", "-")
	}
	return "done"
}

// copied gives back what it gets.
func copied([]string) error {
	_, err := io.Copy(os.Stdout, os.Stdin)
	return err
}

// wait waits for SIGTERM, or for as many seconds as it is given.
func wait(arguments []string) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	fmt.Println("waiting")
	var over <-chan time.Time
	if len(arguments) > 0 {
		seconds, err := strconv.Atoi(arguments[0])
		if err != nil {
			return err
		}
		over = time.After(time.Duration(seconds) * time.Second)
	}
	select {
	case <-signals:
		fmt.Println("told to stop")
	case <-over:
		fmt.Println("waited")
	}
	return nil
}
