package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/connectgate/connectgate/fixtures"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"connectgate": main})
}

// TestScripts runs the command as a user does. A script's base/ and head/ folders
// become the two commits of a repository; head/ holds only what differs.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			env.Setenv("GIT_AUTHOR_NAME", "Ann")
			env.Setenv("GIT_AUTHOR_EMAIL", "ann@example.org")
			env.Setenv("GIT_COMMITTER_NAME", "Ann")
			env.Setenv("GIT_COMMITTER_EMAIL", "ann@example.org")
			// No script reaches an engine: those that need one are engine tests.
			env.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
			return os.MkdirAll(filepath.Join(env.WorkDir, "home"), 0o755)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"scenario": scenario, "repository": repository, "exits": exits, "repeat": repeat, "replace": replace,
		},
	})
}

// scenario NAME writes a fixture scenario to base/ and head/, with images that no
// engine has: these scripts start nothing.
func scenario(ts *testscript.TestScript, _ bool, args []string) {
	images := []fixtures.Image{}
	for name, version := range map[string]string{"kafka": "3.9.1", "postgresql": "16.10.0"} {
		images = append(images, fixtures.Image{
			Name: name, Version: version, Reference: "127.0.0.1:5017/connectgate/" + name + "@sha256:" + strings.Repeat("a", 64),
		})
	}
	base, head, err := fixtures.Render(args[0], images)
	ts.Check(err)
	ts.Check(os.CopyFS(ts.MkAbs("base"), base))
	ts.Check(os.CopyFS(ts.MkAbs("head"), head))
}

// replace FILE OLD NEW replaces a text that must be there.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	text, err := os.ReadFile(name)
	ts.Check(err)
	if !bytes.Contains(text, []byte(args[1])) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(name, bytes.ReplaceAll(text, []byte(args[1]), []byte(args[2])), 0o600))
}

// repository makes a git repository in repo/ with base/ on main and head/ on the
// branch release, and goes there.
func repository(ts *testscript.TestScript, _ bool, _ []string) {
	repo := ts.MkAbs("repo")
	ts.Check(os.MkdirAll(repo, 0o755))
	git := func(args ...string) { ts.Check(ts.Exec("git", append([]string{"-C", repo}, args...)...)) }
	git("init", "-q", "-b", "main")
	for _, side := range []string{"base", "head"} {
		if from := ts.MkAbs(side); exists(from) {
			ts.Check(ts.Exec("cp", "-a", from+"/.", repo))
		}
		git("add", "-A")
		git("commit", "-q", "--allow-empty", "-m", side)
		if side == "base" {
			git("switch", "-q", "-c", "release")
		}
	}
	ts.Check(ts.Chdir("repo"))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// exits STATUS COMMAND… runs a command and demands its exit status.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s exits with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// repeat FILE TIMES TEXT appends a text to a file many times.
func repeat(ts *testscript.TestScript, _ bool, args []string) {
	times, err := strconv.Atoi(args[1])
	ts.Check(err)
	name := ts.MkAbs(args[0])
	text, err := os.ReadFile(name)
	ts.Check(err)
	text = append(text, bytes.Repeat([]byte(args[2]+"\n"), times)...)
	ts.Check(os.WriteFile(name, text, 0o600))
}
