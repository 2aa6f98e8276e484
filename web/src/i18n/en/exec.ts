// Texts of the terminal in a container.

export const exec = {
  tab: "Terminal",
  title: "Terminal",
  description: "Run a command in a container with ECS Exec. It runs as root and ends when you leave this tab.",
  container: "Container",
  command: "Command",
  connect: "Connect",
  disconnect: "End session",
  opening: "Connecting",
  open: "Connected",
  ended: (code: number) => `Command exited with code ${code}`,
  lost: (reason: string) => (reason ? `Session ended: ${reason}` : "Session ended"),
  refused: "Couldn't start the session",
  terminal: (container: string) => `Terminal in ${container}`,
  off: "ECS Exec is turned off for this task",
  offDetail: "ECS Exec must be turned on when a task starts. Turn it on in the service and force a new deployment, or turn it on in the RunTask request.",
  notRunning: "This task isn't running",
  notRunningDetail: "You can run commands only in running containers.",
} as const;
