import './app/no-eval.ts'
import '@xterm/xterm/css/xterm.css'
import './theme/tokens.css'
import './theme/base.css'
import { mount } from 'svelte'
import App from './app/App.svelte'

const target = document.getElementById('app')
if (target) mount(App, { target })
